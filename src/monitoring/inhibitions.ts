/**
 * Which alerts keep others quiet, for Alertmanager's `inhibit_rules`: one fault, one message. A warning keeps no critical alert
 * quiet, and an alert about a further loss (kept WAL near its cap, a lost slot, a full disk) is never inhibited.
 */

export interface Inhibition {
  /** Why the others say nothing new. */
  readonly why: string;
  readonly sourceMatchers: readonly string[];
  readonly targetMatchers: readonly string[];
  /** Labels that source and target must have in common; one that neither has counts as common. */
  readonly equal: readonly string[];
}

/**
 * The inhibitions of a stack.
 *
 * @param replicas - declared replicas; with a single one, it being away is the same as none being left
 */
export function alertInhibitions(replicas: number): readonly Inhibition[] {
  return [
    {
      why: "the critical severity of an alert includes its warning",
      sourceMatchers: ['severity="critical"'],
      targetMatchers: ['severity="warning"'],
      equal: ["alertname", "stack", "node", "slot", "route", "datname", "process"],
    },
    {
      why: "a pooler that is down has no process that is not",
      sourceMatchers: ['alertname="PoolerDown"'],
      targetMatchers: ['alertname="PoolerProcessDown"'],
      equal: ["stack"],
    },
    {
      why: "a leader that is down has no streams, takes no writes and serves no clients",
      sourceMatchers: ['alertname="PostgresDown"', 'role=~"leader|unknown"'],
      targetMatchers: ['alertname=~"ReplicaDisconnected|PoolerClientsWaiting"'],
      equal: ["stack"],
    },
    {
      why: "a server that hangs keeps its exporter waiting",
      sourceMatchers: ['alertname="PostgresDown"'],
      targetMatchers: ['alertname="ExporterDown"'],
      equal: ["stack", "node"],
    },
    {
      why: "a replica that is down, or has no stream, reads from no slot and falls behind",
      sourceMatchers: ['alertname=~"PostgresDown|ReplicaDisconnected"', 'severity="critical"'],
      targetMatchers: ['alertname=~"ReplicaDisconnected|SlotInactive|ReplicaLagSeconds|ReplicaLagBytes"'],
      equal: ["stack", "node"],
    },
    {
      why: "the alert of the replica names it",
      sourceMatchers: ['alertname=~"PostgresDown|ReplicaDisconnected"', 'severity="critical"'],
      targetMatchers: ['alertname="ReplicasMissing"', ...(replicas === 1 ? [] : ['severity="warning"'])],
      equal: ["stack"],
    },
    {
      why: "paused replay is why a replica falls behind",
      sourceMatchers: ['alertname="ReplayPaused"', 'severity="critical"'],
      targetMatchers: ['alertname=~"ReplicaLagSeconds|ReplicaLagBytes"'],
      equal: ["stack", "node"],
    },
    {
      why: "the same, while both are warnings",
      sourceMatchers: ['alertname="ReplayPaused"', 'severity="warning"'],
      targetMatchers: ['alertname=~"ReplicaLagSeconds|ReplicaLagBytes"', 'severity="warning"'],
      equal: ["stack", "node"],
    },
    {
      why: "a second leader has left its stream, its slot and its timeline",
      sourceMatchers: ['alertname="LeaderCount"'],
      targetMatchers: ['alertname=~"TimelineSplit|ReplicaDisconnected|ReplicasMissing|SlotInactive"'],
      equal: ["stack"],
    },
    {
      why: "a replica that does not follow a promotion has no stream",
      sourceMatchers: ['alertname="TimelineSplit"'],
      targetMatchers: ['alertname=~"ReplicaDisconnected|SlotInactive|ReplicaLagSeconds|ReplicaLagBytes"'],
      equal: ["stack", "node"],
    },
    {
      why: "a lost slot keeps no WAL and has no reader",
      sourceMatchers: ['alertname="SlotLost"'],
      targetMatchers: ['alertname=~"SlotInactive|SlotRetainedWal"'],
      equal: ["stack", "slot"],
    },
    {
      why: "clients of a paused route wait",
      sourceMatchers: ['alertname="PoolerPaused"', 'severity="critical"'],
      targetMatchers: ['alertname="PoolerClientsWaiting"'],
      equal: ["stack", "route"],
    },
    {
      why: "a disk that is nearly full has been filled",
      sourceMatchers: ['alertname="DiskFull"', 'severity="critical"'],
      targetMatchers: ['alertname="DiskFilling"'],
      equal: ["stack", "node"],
    },
  ];
}
