/** What a change does to sessions, and its name in words. Ids are stable: scripts read them. */
export const impactWords = {
  refused: "refused",
  "no-effect": "no effect on sessions",
  "new-sessions": "new sessions only",
  reload: "reload",
  restart: "restart of replicas first, then leader inside a pause",
  "restart-leader-first": "leader first, then replicas",
  replace: "one node at a time",
  reclone: "re-clone",
  "pooler-replace": "pooler is replaced, new clients wait; connections are closed once, between transactions",
  "pooler-restart": "pooler restarts, its clients reconnect",
} as const;

export type ImpactClass = keyof typeof impactWords;

/** How long clients wait, and where the figure comes from. */
export interface Wait {
  readonly ms: number;
  readonly text: string;
  /** The measurement behind the figure; empty when no client waits. */
  readonly source: string;
}

/** Changes that take effect together, in one way. */
export interface ImpactItem {
  readonly class: ImpactClass;
  /** Each change in one line, such as `work_mem 16MB → 32MB`. */
  readonly changes: readonly string[];
  /** Nodes and services that are touched, in this order. */
  readonly nodes: readonly string[];
  readonly wait: Wait;
  /** What else there is to know. */
  readonly notes: readonly string[];
  /** Of a refused change: why, and what to do instead. */
  readonly refusal?: { readonly because: string; readonly way: string };
}

/** What a deployment does, before anything happens: in the order in which it is carried out, refusals first. */
export interface Impact {
  readonly items: readonly ImpactItem[];
  /** Whether anything is refused; then nothing at all is carried out. */
  readonly refused: boolean;
  /** The longest wait of a client, in milliseconds. */
  readonly waitMs: number;
}

/** @param items - in any order */
export function impactFrom(items: readonly ImpactItem[]): Impact {
  const refused = items.filter((item) => item.class === "refused");
  return {
    items: [...refused, ...items.filter((item) => item.class !== "refused")],
    refused: refused.length > 0,
    waitMs: Math.max(0, ...items.map(({ wait }) => wait.ms)),
  };
}

/** `was → is`, with words for what is not there. */
export function changeText(name: string, was: string | undefined, is: string | undefined): string {
  return `${name} ${was ?? "(none)"} → ${is ?? "(none)"}`;
}
