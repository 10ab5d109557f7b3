import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";

import type { ContainerPlan } from "../src/plan/container.ts";
import { hardening } from "../src/plan/container.ts";
import type { ClusterPlan } from "../src/plan/types.ts";

export interface ServiceContainerArgs {
  readonly plan: ClusterPlan;
  readonly container: ContainerPlan;
  /** Volume name → the volume's own output, so that the container waits for it. Others are there by the files that it waits for. */
  readonly volumes: Readonly<Record<string, pulumi.Input<string>>>;
}

/** The container of one service, hardened like all of them. */
export function serviceContainer(name: string, args: ServiceContainerArgs, opts: pulumi.CustomResourceOptions): docker.Container {
  return new docker.Container(name, containerArgs(args), {
    ...opts,
    // Without both, an edit of these would be reported as done but change nothing.
    replaceOnChanges: ["healthcheck", "tmpfs", "init"],
    // Never two postmasters on one volume, nor two containers on one port.
    deleteBeforeReplace: true,
  });
}

/**
 * Values are written in the form that shows no change on the next run: `cpus` with a decimal, `ALL` in capitals,
 * durations as Go prints them, swap equal to memory.
 */
function containerArgs({ plan, container, volumes }: ServiceContainerArgs): docker.ContainerArgs {
  const { log, probe } = hardening;
  return {
    name: container.name,
    // The reference as a literal: previews stay exact, and show the replacement of the image.
    image: plan.images[container.image].reference,
    ...(container.command.length === 0 ? {} : { command: [...container.command] }),
    user: hardening.user,
    readOnly: hardening.readOnly,
    tmpfs: { ...container.tmpfs },
    capabilities: { drops: [...hardening.capabilitiesDropped] },
    securityOpts: [...hardening.securityOptions],
    ulimits: [{ name: "nofile", soft: container.nofile, hard: container.nofile }],
    memory: container.memoryMb,
    memorySwap: container.memoryMb,
    shmSize: container.shmMb,
    ...(container.cpus === undefined ? {} : { cpus: cpuText(container.cpus) }),
    restart: hardening.restart,
    logDriver: log.driver,
    logOpts: { "max-size": log.maxSize, "max-file": String(log.maxFiles) },
    stopSignal: container.stopSignal,
    // The engine's own stop uses the first, Pulumi's delete the second; without both, nodes would be killed.
    stopTimeout: container.stopSeconds,
    destroyGraceSeconds: container.stopSeconds,
    healthcheck: {
      tests: ["CMD", ...container.probe],
      interval: goDuration(probe.intervalSeconds),
      timeout: goDuration(probe.timeoutSeconds),
      retries: probe.retries,
      startPeriod: goDuration(probe.startSeconds),
    },
    mounts: container.mounts.map(({ volume, target, readOnly }) => ({
      type: "volume",
      source: volumes[volume] ?? volume,
      target,
      readOnly,
    })),
    networkMode: "bridge",
    // A literal name with `dependsOn`: an output would be unknown in previews that change the network.
    networksAdvanced: [{ name: plan.network.name, aliases: [container.service], ipv4Address: container.address }],
    ports: published(container),
    envs: Object.entries(container.environment).map(([key, value]) => `${key}=${value}`),
    // Gates prove readiness.
    mustRun: true,
    wait: false,
  };
}

function published({ port }: ContainerPlan): docker.types.input.ContainerPort[] {
  return port === undefined ? [] : [{ internal: port.internal, external: port.external, ip: port.address, protocol: "tcp" }];
}

/** `1` would read back as `1.0` and replace the container on every run. */
function cpuText(cpus: number): string {
  return Number.isInteger(cpus) ? `${cpus}.0` : String(cpus);
}

/** As Go prints it: `60s` would read back as `1m0s`. */
function goDuration(seconds: number): string {
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
