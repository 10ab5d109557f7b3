import type { AlertContext, AlertDefinition } from "../alert.ts";
import { both } from "../alert.ts";
import { perSlot, select } from "../promql.ts";

const slot = (context: AlertContext, metric: string): string => perSlot(select(context, `pgstack_slot_${metric}`));
const isDeclared = (context: AlertContext): string => `and on (stack, slot) ${slot(context, "declared")} == 1`;

export const slots: readonly AlertDefinition[] = [
  {
    name: "SlotInactive",
    topic: "slots",
    needsReplicas: true,
    expressions: both((context) => `${slot(context, "active")} == 0 ${isDeclared(context)}`),
    labels: ["slot", "node"],
    summary: "No replica reads from slot {{ $labels.slot }}",
    description: "The leader keeps WAL for {{ $labels.slot }} up to slotWalCap, or the slot is missing and it keeps none.",
  },
  {
    name: "SlotRetainedWal",
    topic: "slots",
    expressions: both(
      (context, limit) => `${slot(context, "behind_bytes")} / on (stack, slot) group_left () ${slot(context, "cap_bytes")} > ${limit}`,
    ),
    labels: ["slot", "node"],
    summary: "Slot {{ $labels.slot }} keeps {{ $value | humanizePercentage }} of the WAL that it may",
    description: "At 100% the leader removes WAL that {{ $labels.slot }} still needs, and the replica must be re-cloned.",
  },
  {
    name: "SlotLost",
    topic: "slots",
    needsReplicas: true,
    expressions: { critical: (context) => `${slot(context, "lost")} == 1 ${isDeclared(context)}` },
    labels: ["slot", "node"],
    summary: "Slot {{ $labels.slot }} has lost WAL",
    description:
      "It needed more WAL than slotWalCap. Unless {{ $labels.slot }} catches up before the next checkpoint it must be re-cloned.",
  },
  {
    name: "SlotOrphaned",
    topic: "slots",
    // Copies of pg_basebackup use slots of their own for as long as they take.
    expressions: {
      warning: (context) => `${perSlot(select(context, "pgstack_slot_declared", { slot: "!~pg_basebackup_.*" }))} == 0`,
    },
    labels: ["slot", "node"],
    summary: "Slot {{ $labels.slot }} belongs to no declared replica",
    description: "The leader keeps WAL, and perhaps dead rows, for {{ $labels.slot }}, which is not declared.",
  },
  {
    name: "XminAge",
    topic: "slots",
    expressions: both((context, limit) => `${slot(context, "xmin_age")} > ${limit}`),
    labels: ["slot", "node"],
    summary: "Slot {{ $labels.slot }} holds back {{ $value | humanize }} transactions",
    description: "Rows that died since then stay in the leader's tables: a query on {{ $labels.slot }} is long, or the replica is away.",
  },
];
