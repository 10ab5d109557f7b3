import { adoptText, chooseText, leadershipPage } from "../leadership/words.ts";

/** What kind of failure a finding is; the exit code of a command follows from it. */
export type FindingClass = "unreachable" | "replication" | "routing" | "access" | "monitoring" | "configuration";

export type Severity = "error" | "warning";

/** What is known about a finding before it is found. */
export interface FindingKind {
  readonly severity: Severity;
  readonly class: FindingClass;
  /** It does not resolve by itself: waiting is pointless. */
  readonly definite?: true;
  readonly title: string;
  /** What to do. `{node}`, `{container}`, `{leader}`, `{pooler}`, `{stack}` and the like are filled in. */
  readonly action: string;
}

/** Every finding there is. Codes are stable: scripts and alerts rely on them. */
export const findingKinds = {
  "cluster-unreachable": {
    severity: "error",
    class: "unreachable",
    title: "nothing of the cluster answers",
    action: "Check that the Docker engine runs and that {host} is its host, then deploy: pulumi up --refresh --stack {stack}",
  },
  "node-unreachable": {
    severity: "error",
    class: "unreachable",
    title: "node does not answer",
    action:
      "See why: docker logs --tail 50 {container}. This starts it, after a look at which node leads: pulumi up --refresh --stack {stack}",
  },
  "node-mistaken": {
    severity: "error",
    class: "configuration",
    definite: true,
    title: "another server answers in the node's place",
    action: "Find what else listens on the node's port, or correct cluster_name of {container}: every node must bear its own name.",
  },
  "leader-not-writable": {
    severity: "error",
    class: "replication",
    title: "leader does not take writes",
    action: `See why: docker logs --tail 50 {container}. If it is in recovery, standby.signal was put into its data directory while no node led: ${leadershipPage}`,
  },
  "second-primary": {
    severity: "error",
    class: "replication",
    definite: true,
    title: "node takes writes, but is not the leader",
    action: chooseText("{leader}", "{node}", "{stack}"),
  },
  "another-leader": {
    severity: "error",
    class: "replication",
    definite: true,
    title: "another node leads than stack config names",
    action: adoptText("{node}", "{leader}", "{stack}"),
  },
  "replica-not-streaming": {
    severity: "error",
    class: "replication",
    title: "replica receives nothing from the leader",
    action:
      "See why: docker logs --tail 50 {container}. Usual causes: a password or pg_hba.conf that keeps replicator out, WAL that the leader no longer has, the network.",
  },
  "replica-wrong-cluster": {
    severity: "error",
    class: "replication",
    definite: true,
    title: "node holds the data of another cluster",
    action:
      "Its volume belongs to another cluster. Keep that data if anyone needs it, then let {node} be cloned from {leader} into an empty volume.",
  },
  "replica-wrong-timeline": {
    severity: "error",
    class: "replication",
    title: "replica follows another history than the leader's",
    action:
      "A node was promoted while this replica followed another one. Check that it streams from {leader}; if it went another way: ./pgstack reclone {node} --stack {stack}",
  },
  "replica-ahead": {
    severity: "error",
    class: "replication",
    title: "replica holds WAL that the leader lacks",
    action:
      "The leader's data is older than what it sent, as after a volume that was put back from a copy. Stop {leader} now, before its writes pass the replica's position, and clone nothing: {node} may be the only node with those rows. Then: docs/faults.md#the-leaders-data-is-older-than-a-replicas",
  },
  "slot-missing": {
    severity: "error",
    class: "replication",
    title: "leader keeps no WAL for the replica: its slot is missing",
    action:
      "Deploy again, which makes the slot: pulumi up --refresh --stack {stack}. If the replica then asks for WAL that was removed: ./pgstack reclone {node} --stack {stack}",
  },
  "slot-inactive": {
    severity: "error",
    class: "replication",
    title: "replica does not use its slot",
    action:
      "Check primary_slot_name on {node}: docker logs --tail 50 {container}. While the slot is unused, {leader} keeps WAL for nobody.",
  },
  "slot-wal-at-risk": {
    severity: "error",
    class: "replication",
    title: "leader is about to remove WAL that the replica still needs",
    action: "Bring the replica back to streaming soon, or raise pgstack:slotWalCap; at the next checkpoint it may have to be cloned again.",
  },
  "slot-wal-lost": {
    severity: "error",
    class: "replication",
    definite: true,
    title: "leader has removed WAL that the replica still needs",
    action:
      "The replica cannot catch up. Clone it again, which sets its data aside: ./pgstack reclone {node} --stack {stack}. Raise pgstack:slotWalCap if it was away for an expected time.",
  },
  "slot-undeclared": {
    severity: "warning",
    class: "replication",
    title: "leader keeps WAL for a slot that nobody declared",
    action: "If nothing uses it, drop it on {leader}: select pg_drop_replication_slot('<name>'). Otherwise watch the disk.",
  },
  "replay-paused": {
    severity: "error",
    class: "replication",
    title: "replica receives changes but does not apply them",
    action:
      "As a superuser on {node}: select pg_wal_replay_resume(). If nobody paused it, a setting is smaller than the leader's: docker logs --tail 50 {container}",
  },
  "replica-behind": {
    severity: "error",
    class: "replication",
    title: "a row written now does not appear on the replica in time",
    action: "Look for long queries on {node} that hold up replay, and for a slow disk or network: docker logs --tail 50 {container}",
  },
  "replica-writable": {
    severity: "error",
    class: "replication",
    definite: true,
    title: "replica takes writes",
    action: chooseText("{leader}", "{node}", "{stack}"),
  },
  "write-route-failed": {
    severity: "error",
    class: "routing",
    title: "writes do not reach the leader through the pooler",
    action: "Check that database {writeRoute} of the pooler names host {leader}: docker logs --tail 50 {pooler}",
  },
  "read-route-failed": {
    severity: "error",
    class: "routing",
    title: "reads through the pooler fail",
    action: "Check the hosts of database {readRoute} of the pooler and that they can be reached from it: docker logs --tail 50 {pooler}",
  },
  "read-route-incomplete": {
    severity: "error",
    class: "routing",
    title: "reads through the pooler never reach a node in rotation",
    action:
      "Check that database {readRoute} of the pooler lists every node in rotation. If it does, its pool is full of older connections: RECONNECT {readRoute} on the pooler's console.",
  },
  "read-route-stray": {
    severity: "error",
    class: "routing",
    title: "reads through the pooler reach a node that is not in rotation",
    action: "Take it out of the hosts of database {readRoute}, then RELOAD and RECONNECT {readRoute} on the pooler's console.",
  },
  "login-refused": {
    severity: "error",
    class: "access",
    title: "a role cannot log in where it must",
    action:
      "If roles or passwords were changed by hand, deploy again to restore them: pulumi up --refresh --stack {stack}. The server's log gives the reason: docker logs --tail 50 {container}",
  },
  "login-accepted": {
    severity: "error",
    class: "access",
    definite: true,
    title: "a login succeeds that must be refused",
    action:
      "Close it at once: compare pg_hba.conf, userlist.txt and the pooler's admin_users and stats_users in {container} with what was deployed.",
  },
  "role-differs": {
    severity: "error",
    class: "access",
    definite: true,
    title: "a role or its rights are not as declared",
    action: "Deploy again, which sets it right: pulumi up --stack {stack}. If it was changed on purpose, declare it in stack config.",
  },
  "pooler-unreachable": {
    severity: "error",
    class: "unreachable",
    title: "pooler does not answer",
    action: "See why: docker logs --tail 50 {pooler}; start what is down: docker start {pooler} {listener}",
  },
  "pooler-paused": {
    severity: "error",
    class: "routing",
    title: "pooler holds back clients",
    action: "On the pooler's console, as pgbouncer: RESUME, or ENABLE <database> if it is disabled.",
  },
  "exporter-unreachable": {
    severity: "error",
    class: "monitoring",
    title: "metrics cannot be read",
    action: "See why: docker logs --tail 50 {exporter}; start it: docker start {exporter}",
  },
  "exporter-target-down": {
    severity: "error",
    class: "monitoring",
    title: "exporter cannot read what it watches",
    action: "Usually its password or address is wrong: docker logs --tail 50 {exporter}",
  },
  "monitoring-unreachable": {
    severity: "error",
    class: "monitoring",
    title: "a part of the monitoring does not answer",
    action: "See why: docker logs --tail 50 {service}; start it: docker start {service}",
  },
  // It reports its last reading, and the check must not wait for the next one.
  "prometheus-target-down": {
    severity: "warning",
    class: "monitoring",
    title: "Prometheus cannot read a target",
    action: "See what it says: docker logs --tail 50 {service}, and whether both are in the cluster's network: docker inspect {service}",
  },
  "alert-rule-broken": {
    severity: "error",
    class: "monitoring",
    title: "Prometheus cannot evaluate a rule",
    action:
      "Its alert cannot fire. See the rule in rules.yml and correct monitoring.rules in stack config: docker logs --tail 50 {service}",
  },
  "restart-pending": {
    severity: "warning",
    class: "configuration",
    title: "settings wait for a restart",
    action: "Deploy again, which restarts servers one at a time and in order: pulumi up --refresh --stack {stack}",
  },
  "archive-failing": {
    severity: "warning",
    class: "configuration",
    title: "WAL cannot be archived",
    action:
      "Until archive_command succeeds, {node} keeps all WAL, until its disk is full and it stops. Its log has the command's own words: docker logs --tail 50 {container}. Correct pgstack:settings.archive_command or what it writes to.",
  },
  "checksum-failures": {
    severity: "error",
    class: "configuration",
    definite: true,
    title: "pages of the data are damaged: their checksums do not match",
    action:
      "Suspect the disk. A replica is cloned again, from a leader without such failures: ./pgstack reclone {node} --stack {stack}. On the leader, save what can be read before anything else. docs/runbooks/checksum-failures.md has the steps.",
  },
  "checksums-off": {
    severity: "warning",
    class: "configuration",
    definite: true,
    title: "data is without checksums: damage by a disk is not noticed",
    action:
      "Somebody turned them off, or the data comes from elsewhere. With the server stopped, on {node}'s volume: pg_checksums --enable. docs/runbooks/checksum-failures.md has the command.",
  },
  "collation-differs": {
    severity: "warning",
    class: "configuration",
    title: "text is sorted by other rules than its indexes were made with",
    action:
      "The image has another version of the collation library. Indexes on text may miss rows: in each database named, reindex database <name>, then alter database <name> refresh collation version.",
  },
  "settings-file-broken": {
    severity: "error",
    class: "configuration",
    definite: true,
    title: "the server does not accept its files and would not start with them",
    action:
      "Do not restart {node} before they are right. If they were changed by hand, deploy, which takes that back: pulumi up --refresh --stack {stack}. Otherwise correct pgstack:settings.",
  },
  "setting-overridden": {
    severity: "warning",
    class: "configuration",
    title: "settings were changed by hand on the server",
    action: "Put what is to stay into pgstack:settings; then deploy, which takes the rest back: pulumi up --refresh --stack {stack}",
  },
  "database-differs": {
    severity: "error",
    class: "configuration",
    definite: true,
    title: "a declared database is missing or not as declared",
    action: "Deploy again, which sets it right: pulumi up --stack {stack}. A database that is missing comes back empty: restore its data.",
  },
  "version-differs": {
    severity: "error",
    class: "configuration",
    title: "PostgreSQL's version is not what it should be",
    action: "Use one image for all nodes, of the declared major version: pgstack:postgresVersion and pgstack:images.",
  },
} as const satisfies Readonly<Record<string, FindingKind>>;
