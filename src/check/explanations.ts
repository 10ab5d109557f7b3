import type { FindingCode } from "./findings.ts";

/**
 * Which symptoms follow from which others: one fault should give the one finding that names it. A rule says that
 * `causes`, where they are `when`, explain the symptoms `hides` `at` a place. An explained symptom is not reported
 * and still explains others. By code the rules have no cycle, so something is always left to report.
 */
export interface Explanation {
  readonly causes: readonly FindingCode[];
  /** Which of these causes count; without it all of them. */
  readonly when?: "at the leader" | "at a node for reads" | "about monitoring";
  /** Where the symptoms are that it explains. */
  readonly at: "same place" | "anywhere" | "a node" | "write route" | "read route" | "pooler";
  readonly hides: readonly FindingCode[];
  readonly why: string;
}

const replicationTrouble = [
  "replica-not-streaming",
  "replica-wrong-timeline",
  "replica-ahead",
  "slot-inactive",
  "replay-paused",
  "replica-behind",
  "replica-writable",
] as const satisfies readonly FindingCode[];

const nodeTrouble = [
  "leader-not-writable",
  ...replicationTrouble,
  "login-refused",
  "exporter-target-down",
  "read-route-incomplete",
] as const satisfies readonly FindingCode[];

const dataTrouble = [
  "archive-failing",
  "checksum-failures",
  "checksums-off",
  "collation-differs",
] as const satisfies readonly FindingCode[];

const writeTrouble = ["write-route-failed", "login-refused"] as const satisfies readonly FindingCode[];
const readTrouble = ["read-route-failed", "login-refused"] as const satisfies readonly FindingCode[];

/** A node that cannot serve as the node it should be. */
const unusableNode = ["node-unreachable", "node-mistaken", "replica-wrong-cluster"] as const satisfies readonly FindingCode[];

/** All rules. */
export const explanations: readonly Explanation[] = [
  {
    causes: ["cluster-unreachable"],
    at: "anywhere",
    hides: [
      "node-unreachable",
      "pooler-unreachable",
      "exporter-unreachable",
      "monitoring-unreachable",
      "write-route-failed",
      "read-route-failed",
    ],
    why: "the engine or the whole stack is off; nothing more is known",
  },
  {
    causes: ["node-mistaken"],
    at: "same place",
    hides: [
      "node-unreachable",
      "replica-wrong-cluster",
      "second-primary",
      "version-differs",
      "restart-pending",
      "settings-file-broken",
      ...dataTrouble,
      "setting-overridden",
      "read-route-stray",
      ...nodeTrouble,
    ],
    why: "what was seen there is about another server",
  },
  {
    causes: ["replica-wrong-cluster"],
    at: "same place",
    hides: ["second-primary", "read-route-stray", ...nodeTrouble, ...dataTrouble],
    why: "it cannot stream and has other roles and data",
  },
  {
    causes: ["node-unreachable"],
    at: "same place",
    // An exporter that tries in vain to reach its node answers late.
    hides: [...nodeTrouble, "exporter-unreachable"],
    why: "a stopped node does nothing",
  },
  {
    causes: ["node-unreachable", "node-mistaken"],
    when: "at the leader",
    at: "a node",
    hides: ["replica-not-streaming", "slot-inactive", "replica-behind"],
    why: "there is no node to stream from",
  },
  {
    causes: ["node-unreachable", "node-mistaken"],
    when: "at the leader",
    at: "write route",
    hides: writeTrouble,
    why: "the write route leads to the leader",
  },
  {
    causes: unusableNode,
    when: "at a node for reads",
    at: "read route",
    hides: readTrouble,
    why: "the pooler sends clients to every node that is not the leader, also to one that cannot serve them",
  },
  {
    causes: ["leader-not-writable"],
    at: "write route",
    hides: ["write-route-failed"],
    why: "the write arrived, but the leader does not take it",
  },
  {
    causes: ["former-leader"],
    at: "same place",
    hides: ["node-unreachable", "exporter-unreachable", "exporter-target-down"],
    why: "what to do about a node with a leader's data depends on which node leads",
  },
  {
    causes: ["former-leader"],
    at: "a node",
    hides: ["read-route-stray", "slot-missing", ...replicationTrouble],
    why: "replicas follow the node that led before, and have no slots elsewhere",
  },
  {
    causes: ["former-leader"],
    at: "write route",
    hides: writeTrouble,
    why: "the write route leads to the node that led before",
  },
  {
    causes: ["former-leader", "second-primary"],
    at: "anywhere",
    hides: ["leader-differs-from-config"],
    why: "which node leads has to be decided first",
  },
  {
    causes: ["no-leader"],
    at: "a node",
    hides: ["replica-not-streaming", "replica-behind"],
    why: "there is no node to stream from",
  },
  {
    causes: ["no-leader"],
    at: "write route",
    hides: writeTrouble,
    why: "no node takes the write",
  },
  {
    causes: ["second-primary"],
    at: "same place",
    hides: ["read-route-stray", ...replicationTrouble],
    why: "a primary does not replicate from another node",
  },
  {
    causes: ["slot-missing", "slot-wal-lost"],
    at: "same place",
    hides: ["replica-not-streaming", "slot-inactive", "replica-behind"],
    why: "without its slot or the WAL in it a replica gets nothing",
  },
  {
    causes: ["replica-ahead"],
    at: "same place",
    hides: ["replica-not-streaming", "slot-inactive", "replica-behind"],
    why: "the leader cannot send what it does not have",
  },
  {
    causes: ["replica-not-streaming"],
    at: "same place",
    hides: ["slot-inactive", "replica-behind"],
    why: "what is not received cannot be applied, and a slot without a receiver is inactive",
  },
  {
    causes: ["replica-wrong-timeline"],
    at: "same place",
    hides: ["replica-not-streaming", "slot-inactive", "replica-behind", "replica-ahead"],
    why: "it follows another server, so it does not stream from the leader, and positions of two timelines cannot be compared",
  },
  {
    causes: ["replay-paused"],
    at: "same place",
    hides: ["replica-behind"],
    why: "what is not applied cannot be read",
  },
  {
    causes: ["write-route-failed"],
    at: "a node",
    hides: ["replica-behind"],
    why: "a row that was written elsewhere does not arrive",
  },
  {
    causes: ["read-route-stray"],
    at: "a node",
    hides: ["read-route-incomplete"],
    why: "a wrong list of hosts has wrong hosts and misses right ones",
  },
  {
    causes: ["exporter-unreachable", "exporter-target-down", "node-unreachable", "node-mistaken", "pooler-unreachable"],
    at: "same place",
    hides: ["prometheus-target-down"],
    why: "Prometheus reads the exporter, which is down or waits for the server that it monitors",
  },
  {
    causes: ["pooler-unreachable"],
    at: "pooler",
    hides: ["pooler-paused", "write-route-failed", "read-route-failed", "login-refused", "exporter-target-down", "exporter-unreachable"],
    why: "everything there goes through the pooler; its exporter answers only once it has waited for it",
  },
  {
    causes: ["pooler-paused"],
    at: "same place",
    hides: ["write-route-failed", "read-route-failed", "login-refused"],
    why: "a paused route makes clients wait, a disabled one rejects them",
  },
  {
    causes: ["role-differs", "database-differs"],
    at: "anywhere",
    hides: ["login-refused", "write-route-failed", "read-route-failed"],
    why: "a login without a privilege, or without its database, is refused; what is left shows once that is fixed",
  },
  {
    causes: ["login-refused"],
    at: "same place",
    hides: ["write-route-failed", "read-route-failed"],
    why: "the pooler rejects logins for the same reason",
  },
  {
    causes: ["login-refused"],
    when: "about monitoring",
    at: "same place",
    hides: ["exporter-target-down"],
    why: "the exporter logs in as monitoring",
  },
];
