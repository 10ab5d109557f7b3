import type * as docker from "@pulumi/docker";

import { containerUser, paths } from "../src/plan/paths.ts";

/** What differs between the containers of a stack. */
export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly memoryMb: number;
  /** Size of /dev/shm in MB. */
  readonly shmMb?: number;
  readonly cpus?: number | undefined;
  /** Name → value; never a secret. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly mounts: readonly {
    readonly volume: docker.types.input.ContainerMount["source"];
    readonly target: string;
    readonly readOnly: boolean;
  }[];
  readonly tmpfs?: Readonly<Record<string, string>>;
  readonly network: docker.types.input.ContainerNetworksAdvanced["name"];
  readonly aliases: readonly string[];
  readonly port: { readonly internal: number; readonly external: number; readonly address: string };
  readonly stopSignal: "SIGINT" | "SIGTERM";
  /** How long a clean stop may take, in seconds. */
  readonly stopSeconds: number;
  readonly nofile: number;
  /** A cheap TCP probe; nothing waits for it. */
  readonly probe: readonly string[];
}

/**
 * The hardened container that every service runs in. Values are written in the one form that shows no change on the next
 * run: `cpus` with a decimal, `ALL` in capitals, durations as Go prints them, swap equal to memory.
 */
export function containerArgs(spec: ContainerSpec): docker.ContainerArgs {
  return {
    name: spec.name,
    image: spec.image,
    command: [...spec.command],
    user: `${containerUser.uid}:${containerUser.gid}`,
    readOnly: true,
    tmpfs: { "/tmp": `rw,noexec,nosuid,size=64m`, ...spec.tmpfs },
    capabilities: { drops: ["ALL"] },
    securityOpts: ["no-new-privileges"],
    ulimits: [{ name: "nofile", soft: spec.nofile, hard: spec.nofile }],
    memory: spec.memoryMb,
    memorySwap: spec.memoryMb,
    shmSize: spec.shmMb ?? 64,
    ...(spec.cpus === undefined ? {} : { cpus: cpuText(spec.cpus) }),
    restart: "unless-stopped",
    logDriver: "json-file",
    logOpts: { "max-size": "50m", "max-file": "5" },
    stopSignal: spec.stopSignal,
    // The engine's own stop uses the one, Pulumi's delete the other; without both, data nodes would be killed.
    stopTimeout: spec.stopSeconds,
    destroyGraceSeconds: spec.stopSeconds,
    healthcheck: { tests: ["CMD", ...spec.probe], interval: "30s", timeout: "5s", retries: 3, startPeriod: "1m0s" },
    mounts: spec.mounts.map(({ volume, target, readOnly }) => ({ type: "volume", source: volume, target, readOnly })),
    networkMode: "bridge",
    networksAdvanced: [{ name: spec.network, aliases: [...spec.aliases] }],
    ports: [{ internal: spec.port.internal, external: spec.port.external, ip: spec.port.address, protocol: "tcp" }],
    envs: Object.entries(spec.environment ?? {}).map(([key, value]) => `${key}=${value}`),
    // Readiness is proven by gates.
    mustRun: true,
    wait: false,
  };
}

/** The config volume of a container, where every container finds its files. */
export function configMount(volume: docker.types.input.ContainerMount["source"]): ContainerSpec["mounts"][number] {
  return { volume, target: paths.config, readOnly: true };
}

/** `1` would read back as `1.0` and replace the container on every run. */
function cpuText(cpus: number): string {
  return Number.isInteger(cpus) ? `${cpus}.0` : String(cpus);
}
