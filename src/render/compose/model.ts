/** The part of the Compose file format that a bundle uses, in its long syntax. Values are what Compose shall see. */
export interface ComposeFile {
  readonly name: string;
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly networks: Readonly<Record<string, ComposeNetwork>>;
  readonly volumes: Readonly<Record<string, ComposeVolume>>;
}

export interface ComposeService {
  readonly image: string;
  readonly build?: ComposeBuild;
  readonly container_name: string;
  readonly command?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: "service_started" | "service_completed_successfully" }>>;
  readonly restart: "unless-stopped" | "no";
  readonly user: string;
  readonly read_only: boolean;
  readonly cap_drop: readonly string[];
  readonly cap_add?: readonly string[];
  readonly security_opt: readonly string[];
  readonly mem_limit: string;
  readonly memswap_limit: string;
  readonly shm_size: string;
  readonly cpus?: number;
  readonly ulimits: { readonly nofile: { readonly soft: number; readonly hard: number } };
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes: readonly ComposeMount[];
  /** `path:options`: the long syntax knows neither `noexec` nor an owner. */
  readonly tmpfs?: readonly string[];
  readonly networks?: Readonly<Record<string, { readonly ipv4_address: string }>>;
  readonly network_mode?: "none";
  readonly ports?: readonly ComposePort[];
  readonly stop_signal: string;
  readonly stop_grace_period: string;
  readonly logging: { readonly driver: string; readonly options: Readonly<Record<string, string>> };
}

export interface ComposeBuild {
  readonly context: string;
  readonly network: "host";
  readonly args?: Readonly<Record<string, string>>;
}

export type ComposeMount =
  | { readonly type: "volume"; readonly source: string; readonly target: string; readonly read_only?: true }
  | {
      readonly type: "bind";
      readonly source: string;
      readonly target: string;
      readonly read_only: true;
      readonly bind: { readonly create_host_path: false };
    };

export interface ComposePort {
  readonly target: number;
  readonly published: string;
  readonly host_ip: string;
  readonly protocol: "tcp";
}

export interface ComposeNetwork {
  readonly name: string;
  readonly driver: "bridge";
  readonly ipam: { readonly config: readonly { readonly subnet: string; readonly gateway: string; readonly ip_range?: string }[] };
}

export interface ComposeVolume {
  readonly name: string;
  readonly driver?: "local";
  readonly driver_opts?: Readonly<Record<string, string>>;
}
