import type { AlertContext, AlertDefinition } from "../alert.ts";
import { both } from "../alert.ts";
import { goneOrUnsteady, perNode, select } from "../promql.ts";
import { ofLeader, ofReplicas } from "../roles.ts";

/**
 * How much older the newest heartbeat on a replica is than the one on the leader. Without the leader's part a heartbeat that
 * is not written would look like lag of every replica; HeartbeatStale reports that.
 */
function lagSeconds(context: AlertContext, limit: number): string {
  const age = perNode(select(context, "pgstack_heartbeat_age_seconds"));
  return `${ofReplicas(context, age)} - on (stack) group_left () min by (stack) (${ofLeader(context, age)}) > ${limit}`;
}

/** The label `replica` of the leader's metric becomes `node`: that is what the alert is about. */
function lagBytes(context: AlertContext, limit: number): string {
  const behind = select(context, "pgstack_replica_replay_behind_bytes");
  return `label_replace(max by (stack, replica) (${behind}), "node", "$1", "replica", "(.+)") > ${limit}`;
}

const streaming = (context: AlertContext): string => `max by (stack) (${select(context, "pgstack_replicas_streaming")})`;
const declared = (context: AlertContext): string => `max by (stack) (${select(context, "pgstack_replicas_declared")})`;

export const replication: readonly AlertDefinition[] = [
  {
    name: "ReplicaLagSeconds",
    topic: "replication",
    needsReplicas: true,
    expressions: both(lagSeconds),
    labels: ["node"],
    summary: "{{ $labels.node }} is {{ $value | humanizeDuration }} behind the leader",
    description: "Reads on {{ $labels.node }} show what the leader held {{ $value | humanizeDuration }} ago.",
  },
  {
    name: "ReplicaLagBytes",
    topic: "replication",
    needsReplicas: true,
    expressions: both(lagBytes),
    labels: ["node", "replica"],
    summary: "{{ $labels.node }} has {{ $value | humanize1024 }}B of WAL to replay",
    description: "{{ $labels.node }} receives from the leader, but has not replayed {{ $value | humanize1024 }}B of what the leader wrote.",
  },
  {
    name: "ReplicaDisconnected",
    topic: "replication",
    needsReplicas: true,
    expressions: {
      critical: (context) => goneOrUnsteady(select(context, "pgstack_receiver_streaming"), ["stack", "node"], context),
    },
    labels: ["node"],
    summary: "{{ $labels.node }} receives nothing from the leader",
    description: "{{ $labels.node }} runs, but has no stream, or lost it three times in ten minutes. Its data becomes outdated.",
  },
  {
    name: "ReplicasMissing",
    topic: "replication",
    needsReplicas: true,
    expressions: {
      warning: (context) => `${streaming(context)} < ${declared(context)}`,
      critical: (context) => `${streaming(context)} == 0 and ${declared(context)} > 0`,
    },
    labels: [],
    summary: "{{ $value }} replicas stream, fewer than declared",
    description: "The leader has a stream to {{ $value }} of the declared replicas. Without any, its data exists only once.",
  },
  {
    name: "ReplayPaused",
    topic: "replication",
    needsReplicas: true,
    expressions: both((context) => `${perNode(select(context, "pgstack_node_replay_paused"))} == 1`),
    labels: ["node"],
    summary: "Replay is paused on {{ $labels.node }}",
    description: "{{ $labels.node }} receives WAL and does not apply it: it was paused by hand, or a setting is lower than the leader's.",
  },
  {
    name: "HeartbeatStale",
    topic: "replication",
    expressions: both((context, limit) => `${ofLeader(context, perNode(select(context, "pgstack_heartbeat_age_seconds")))} > ${limit}`),
    labels: ["node"],
    summary: "The last heartbeat on {{ $labels.node }} is {{ $value | humanizeDuration }} old",
    description: "Writes fail on the leader, or the heartbeat's writer does not run. Meanwhile, lag in seconds is unknown.",
  },
];
