import { containerUser, paths } from "../layout.ts";
import type { ImageKind } from "./types.ts";

/** One container as every target runs it: what differs between services. What they share is `hardening`. */
export interface ContainerPlan {
  /** Its alias on the network and its name as a Compose service. */
  readonly service: string;
  /** Its name on the engine. */
  readonly name: string;
  /** Its fixed IPv4 address in the cluster's subnet. */
  readonly address: string;
  readonly image: ImageKind;
  readonly command: readonly string[];
  readonly memoryMb: number;
  /** Size of /dev/shm in MB. */
  readonly shmMb: number;
  readonly cpus: number | undefined;
  /** Name → value; never a secret. */
  readonly environment: Readonly<Record<string, string>>;
  readonly mounts: readonly { readonly volume: string; readonly target: string; readonly readOnly: boolean }[];
  /** Path → mount options. */
  readonly tmpfs: Readonly<Record<string, string>>;
  /** Undefined: none is published. */
  readonly port: { readonly internal: number; readonly external: number; readonly address: string } | undefined;
  readonly stopSignal: "SIGINT" | "SIGTERM";
  /** How long a clean stop may take, in seconds. */
  readonly stopSeconds: number;
  readonly nofile: number;
  /** A cheap TCP probe; it informs, nothing waits for it. */
  readonly probe: readonly string[];
}

/** What all containers have in common. */
export const hardening = {
  user: `${containerUser.uid}:${containerUser.gid}`,
  readOnly: true,
  capabilitiesDropped: ["ALL"],
  securityOptions: ["no-new-privileges"],
  restart: "unless-stopped",
  log: { driver: "json-file", maxSize: "50m", maxFiles: 5 },
  /** Each probe is a process in the container, so they are rare. */
  probe: { intervalSeconds: 30, timeoutSeconds: 5, retries: 3, startSeconds: 60 },
} as const;

/** Options of a file system in memory that holds a socket. */
export const socketFolder = `rw,noexec,nosuid,size=1m,uid=${containerUser.uid},gid=${containerUser.gid},mode=0750`;

/**
 * Options of the volume in memory with the listener's socket, which itself admits its user alone. Everybody's, since the engine
 * may count users otherwise than its containers do (`userns-remap`).
 */
export const listenerFolder = "rw,noexec,nosuid,nodev,size=1m,mode=1777";

export const temporary = { "/tmp": "rw,noexec,nosuid,size=64m" } as const;

/** Docker's own default, in MB. */
export const usualShmMb = 64;

/** Where every container finds its files. */
export function configMount(volume: string): ContainerPlan["mounts"][number] {
  return { volume, target: paths.config, readOnly: true };
}

/** Shell that ends once PgBouncer answers: its port is open without it too. What it is asked is whether it speaks TLS. */
export function awaitPooler(host: string, port: number): string {
  const asks = String.raw`printf '\0\0\0\10\4\322\26\57' >&3`;
  return `until (exec 3<>/dev/tcp/${host}/${port} && ${asks} && read -rN1 -t1 <&3) 2>/dev/null; do sleep 0.1; done`;
}

export function tcpProbe(port: number): readonly string[] {
  return ["/bin/bash", "-c", `exec 3<>/dev/tcp/127.0.0.1/${port}`];
}
