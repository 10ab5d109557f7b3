import { createHash } from "node:crypto";

/** Services of a bundle that run once and end. */
export const oneShots = {
  /** Copies config and secrets into the volumes of their readers. */
  config: "config",
  /** The same for a node: an additional node then changes no existing service. */
  nodeConfig: (node: string): string => `${node}-config`,
  /** Runs `src/agents/setup`: roles, slots, reloads, routes; ends when the cluster is proven. */
  setup: "setup",
} as const;

/** Where a bundle keeps its generated secrets, so that rendering again changes none. */
export const passwordsPath = "secrets/passwords.json";

/** Where a bundle keeps what `pgstack check --bundle` needs. */
export const checkPath = "check.json";

/**
 * Name of the Compose project: the prefix. Compose takes lower-case letters, digits, `-` and `_` only; another name gets a
 * hash, so that `a.b` and `a_b` never become one project.
 */
export function projectName(prefix: string): string {
  if (/^[a-z0-9][a-z0-9_-]*$/.test(prefix)) return prefix;
  const hash = createHash("sha256").update(prefix).digest("hex").slice(0, 8);
  return `${prefix.toLowerCase().replace(/[^a-z0-9_-]/g, "_")}-${hash}`;
}
