import { adoptText, chooseText, leadershipPage } from "../topology/words.ts";

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
      "Find the reason: docker logs --tail 50 {container}. To start it, after a check of which node leads: pulumi up --refresh --stack {stack}",
  },
  "node-mistaken": {
    severity: "error",
    class: "configuration",
    definite: true,
    title: "another server answers at the node's address",
    action: "Find what else listens on the node's port, or correct cluster_name of {container}: every node must have its own name.",
  },
  "leader-not-writable": {
    severity: "error",
    class: "replication",
    title: "leader does not take writes",
    action: `Find the reason: docker logs --tail 50 {container}. If it is in recovery, standby.signal was put into its data directory while no node led: ${leadershipPage}`,
  },
  "no-leader": {
    severity: "error",
    class: "replication",
    title: "no node takes writes",
    action: `Find out why nodes do not answer: docker ps --all. Bring back the node that led last, whose data has the most WAL; no other node is promoted by pgstack: ${leadershipPage}`,
  },
  "second-primary": {
    severity: "error",
    class: "replication",
    definite: true,
    title: "two nodes take writes",
    action: chooseText("{leader}", "{node}", "{stack}"),
  },
  "former-leader": {
    severity: "error",
    class: "replication",
    definite: true,
    title: "node led until another one was promoted, and does not follow that one",
    action: adoptText("{leader}", "{node}", "{stack}"),
  },
  "leader-differs-from-config": {
    severity: "warning",
    class: "configuration",
    title: "the leader is not the node that stack config names",
    action:
      "Nothing is wrong, and no deployment changes the leader: leader in stack config is only a preference. To keep {leader}: pulumi config set leader {leader} --stack {stack}, or pulumi config rm leader --stack {stack} if any node may lead.",
  },
  "replica-not-streaming": {
    severity: "error",
    class: "replication",
    title: "replica receives nothing from the leader",
    action:
      "Find the reason: docker logs --tail 50 {container}. Usual causes: a password or pg_hba.conf that rejects replicator, WAL that the leader no longer has, the network.",
  },
  "replica-wrong-cluster": {
    severity: "error",
    class: "replication",
    definite: true,
    title: "node holds the data of another cluster",
    action:
      "Its volume belongs to another cluster. Save that data if it is needed, then have {node} cloned from {leader} into an empty volume.",
  },
  "replica-wrong-timeline": {
    severity: "error",
    class: "replication",
    title: "replica is on another timeline than the leader",
    action:
      "A node was promoted while this replica followed another one. Check that it streams from {leader}; if its history differs: ./pgstack reclone {node} --stack {stack}",
  },
  "replica-ahead": {
    severity: "error",
    class: "replication",
    title: "replica has WAL that the leader does not have",
    action:
      "The leader's data is older than what it sent, for example because a volume was restored from a copy. Stop {leader} now, before its writes pass the replica's position, and clone nothing: {node} may be the only node with those rows. Then: docs/faults.md#the-leaders-data-is-older-than-a-replicas",
  },
  "slot-missing": {
    severity: "error",
    class: "replication",
    title: "leader keeps no WAL for the replica: its slot is missing",
    action:
      "Deploy again to create the slot: pulumi up --refresh --stack {stack}. If the replica then asks for WAL that was removed: ./pgstack reclone {node} --stack {stack}",
  },
  "slot-inactive": {
    severity: "error",
    class: "replication",
    title: "replica does not use its slot",
    action:
      "Check primary_slot_name on {node}: docker logs --tail 50 {container}. While the slot is unused, {leader} keeps WAL that is never read.",
  },
  "slot-wal-at-risk": {
    severity: "error",
    class: "replication",
    title: "leader is about to remove WAL that the replica still needs",
    action: "Bring the replica back to streaming soon, or raise pgstack:slotWalCap; at the next checkpoint it may have to be re-cloned.",
  },
  "slot-wal-lost": {
    severity: "error",
    class: "replication",
    definite: true,
    title: "leader has removed WAL that the replica still needs",
    action:
      "The replica cannot catch up. Re-clone it; its data is set aside: ./pgstack reclone {node} --stack {stack}. Raise pgstack:slotWalCap if it was away for an expected time.",
  },
  "slot-undeclared": {
    severity: "warning",
    class: "replication",
    title: "leader keeps WAL for a slot that is not declared",
    action: "If nothing uses it, drop it on {leader}: select pg_drop_replication_slot('<name>'). Otherwise watch the disk.",
  },
  "replay-paused": {
    severity: "error",
    class: "replication",
    title: "replica receives changes but does not apply them",
    action:
      "As a superuser on {node}: select pg_wal_replay_resume(). If it was not paused by hand, a setting is lower than the leader's: docker logs --tail 50 {container}",
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
    action: "Check the host of database {readRoute} in that process and that it can be reached from it: docker logs --tail 50 {pooler}",
  },
  "read-route-incomplete": {
    severity: "error",
    class: "routing",
    title: "reads through the pooler never reach a node that they must reach",
    action:
      "Deploy again to restore the routes: pulumi up --refresh --stack {stack}. SHOW DATABASES on the console of each process says where its {readRoute} leads.",
  },
  "read-route-stray": {
    severity: "error",
    class: "routing",
    title: "reads through the pooler reach a node that they must not reach",
    action:
      "Deploy again to restore the routes: pulumi up --refresh --stack {stack}; then RECONNECT {readRoute} on the console of that process.",
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
    title: "a role or its privileges are not as declared",
    action: "Deploy again to correct it: pulumi up --stack {stack}. If it was changed on purpose, declare it in stack config.",
  },
  "pooler-unreachable": {
    severity: "error",
    class: "unreachable",
    title: "pooler does not answer",
    action: "Find the reason: docker logs --tail 50 {pooler}; start what is down: docker start {pooler} {listener}",
  },
  "pooler-paused": {
    severity: "error",
    class: "routing",
    title: "pooler makes clients wait",
    action: "On the console of that process, as pgbouncer: RESUME, or ENABLE <database> if it is disabled.",
  },
  "exporter-unreachable": {
    severity: "error",
    class: "monitoring",
    title: "metrics cannot be read",
    action: "Find the reason: docker logs --tail 50 {exporter}; start it: docker start {exporter}",
  },
  "exporter-target-down": {
    severity: "error",
    class: "monitoring",
    title: "exporter cannot read the server that it monitors",
    action: "Usually its password or address is wrong: docker logs --tail 50 {exporter}",
  },
  "monitoring-unreachable": {
    severity: "error",
    class: "monitoring",
    title: "a part of the monitoring does not answer",
    action: "Find the reason: docker logs --tail 50 {service}; start it: docker start {service}",
  },
  // It reports its last reading, and the check must not wait for the next one.
  "prometheus-target-down": {
    severity: "warning",
    class: "monitoring",
    title: "Prometheus cannot read a target",
    action: "Read its log: docker logs --tail 50 {service}, and whether both are in the cluster's network: docker inspect {service}",
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
    action: "Deploy again to restart servers one at a time, in the right order: pulumi up --refresh --stack {stack}",
  },
  "archive-failing": {
    severity: "warning",
    class: "configuration",
    title: "WAL cannot be archived",
    action:
      "Until archive_command succeeds, {node} keeps all WAL, until its disk is full and it stops. Its log has the command's output: docker logs --tail 50 {container}. Correct pgstack:settings.archive_command or its destination.",
  },
  "checksum-failures": {
    severity: "error",
    class: "configuration",
    definite: true,
    title: "pages of the data are damaged: their checksums do not match",
    action:
      "Suspect the disk. Re-clone a replica from a leader without such failures: ./pgstack reclone {node} --stack {stack}. On the leader, save what can be read before anything else. docs/runbooks/checksum-failures.md has the steps.",
  },
  "checksums-off": {
    severity: "warning",
    class: "configuration",
    definite: true,
    title: "data has no checksums: damage by a disk is not noticed",
    action:
      "They were turned off, or the data comes from elsewhere. With the server stopped, on {node}'s volume: pg_checksums --enable. docs/runbooks/checksum-failures.md has the command.",
  },
  "collation-differs": {
    severity: "warning",
    class: "configuration",
    title: "text is sorted by other rules than those its indexes were built with",
    action:
      "The image has another version of the collation library. Indexes on text may miss rows: in each database named, reindex database <name>, then alter database <name> refresh collation version.",
  },
  "settings-file-broken": {
    severity: "error",
    class: "configuration",
    definite: true,
    title: "the server does not accept its files and would not start with them",
    action:
      "Do not restart {node} before they are correct. If they were changed by hand, deploy to undo that: pulumi up --refresh --stack {stack}. Otherwise correct pgstack:settings.",
  },
  "setting-overridden": {
    severity: "warning",
    class: "configuration",
    title: "settings were changed by hand on the server",
    action: "Put what should stay into pgstack:settings; then deploy to undo the rest: pulumi up --refresh --stack {stack}",
  },
  "database-differs": {
    severity: "error",
    class: "configuration",
    definite: true,
    title: "a declared database is missing or not as declared",
    action: "Deploy again to correct it: pulumi up --stack {stack}. A database that is missing comes back empty: restore its data.",
  },
  "version-differs": {
    severity: "error",
    class: "configuration",
    title: "PostgreSQL's version is not what it should be",
    action: "Use one image for all nodes, of the declared major version: pgstack:postgresVersion and pgstack:images.",
  },
} as const satisfies Readonly<Record<string, FindingKind>>;
