import type { ClusterConfig } from "../config/schema.ts";

type Where = Pick<ClusterConfig, "bindAddress" | "dockerHost">;

/** Where a port is published, and the host at which it is reached. */
export interface Published {
  readonly address: string;
  readonly host: string;
}

/** Where clients reach published ports: the address they are bound to, or the engine's host when they are bound to all. */
export function publishedForClients({ bindAddress, dockerHost }: Where): Published {
  if (bindAddress !== "0.0.0.0") return { address: bindAddress, host: bindAddress };
  return { address: bindAddress, host: dockerHost.startsWith("unix:") ? "127.0.0.1" : engineHost(dockerHost) };
}

/** For services without authentication: only this machine if the engine is here, otherwise the clients' networks, because the check comes from here. */
export function publishedForOperators(where: Where): Published {
  const isHere = where.dockerHost.startsWith("unix:") || /^(localhost|127\..*)$/.test(engineHost(where.dockerHost));
  return isHere ? { address: "127.0.0.1", host: "127.0.0.1" } : publishedForClients(where);
}

function engineHost(dockerHost: string): string {
  return new URL(dockerHost.replace(/^(tcp|ssh):/, "http:")).hostname;
}
