import type { AlertDefinition } from "../alert.ts";
import { perNode, select } from "../promql.ts";

export const configuration: readonly AlertDefinition[] = [
  {
    name: "PendingRestart",
    topic: "configuration",
    expressions: { warning: (context) => `${perNode(select(context, "pgstack_node_settings_pending_restart"))} > 0` },
    labels: ["node"],
    summary: "{{ $value }} settings wait for a restart of {{ $labels.node }}",
    description: "{{ $labels.node }} runs with values that differ from its file; a crash would apply the new ones at an unplanned time.",
  },
  {
    name: "ConfigDrift",
    topic: "configuration",
    expressions: { warning: (context) => `${perNode(select(context, "pgstack_node_settings_by_hand"))} > 0` },
    labels: ["node"],
    summary: "{{ $value }} settings of {{ $labels.node }} were changed by hand",
    description: "They are in no stack file, and other nodes do not have them.",
  },
];
