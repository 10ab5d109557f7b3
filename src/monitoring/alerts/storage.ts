import type { AlertContext, AlertDefinition } from "../alert.ts";
import { both } from "../alert.ts";
import { perNode, range, select } from "../promql.ts";

const free = (context: AlertContext): string => select(context, "pgstack_node_disk_free_bytes");
const size = (context: AlertContext): string => select(context, "pgstack_node_disk_size_bytes");

/** Share in use from which filling matters: an emptier disk that is being loaded is what it was made for. */
const fillingFrom = 0.4;

/**
 * Full within the time if it continues as during the last quarter of it, and also as during the last twenty-fourth: a load that
 * has ended long before does not count. Both windows must have data from their beginning.
 */
function filling(context: AlertContext, limit: number): string {
  const within = (windowS: number): string => {
    const window = range(windowS, context);
    const forecast = `predict_linear(${free(context)}${window}, ${limit}) < 0`;
    return perNode(forecast);
  };
  const since = perNode(`${free(context)} offset ${range(limit / 4, context).slice(1, -1)}`);
  return [
    within(limit / 4),
    `and on (stack, node) ${within(limit / 24)}`,
    `and on (stack, node) ${since}`,
    `and on (stack, node) ${used(context)} > ${fillingFrom}`,
  ].join("\n");
}

function used(context: AlertContext): string {
  return `1 - ${perNode(free(context))} / on (stack, node) ${perNode(size(context))}`;
}

export const storage: readonly AlertDefinition[] = [
  {
    name: "ChecksumFailures",
    topic: "storage",
    expressions: { critical: (context) => `${perNode(select(context, "pgstack_node_checksum_failures"))} > 0` },
    labels: ["node"],
    summary: "{{ $value }} pages of {{ $labels.node }} failed their checksum",
    description:
      "Data of {{ $labels.node }} is damaged. Queries that meet such a page fail; the cause is the disk, its controller or memory.",
  },
  {
    name: "ArchiveFailing",
    topic: "storage",
    expressions: both((context, limit) => `${perNode(select(context, "pgstack_node_archive_waiting_seconds"))} > ${limit}`),
    labels: ["node"],
    summary: "WAL of {{ $labels.node }} has waited {{ $value | humanizeDuration }} to be archived",
    description: "{{ $labels.node }} keeps all WAL until it is archived, and stops when its disk is full. The archive ends there.",
  },
  {
    name: "TransactionIdAge",
    topic: "storage",
    expressions: both((context, limit) => `${perNode(select(context, "pgstack_node_transaction_id_age"))} / 2147483648 > ${limit}`),
    labels: ["node"],
    summary: "{{ $value | humanizePercentage }} of the transaction ids are in use on {{ $labels.node }}",
    description: "At 100% PostgreSQL refuses writes. Freezing does not keep up: something old holds it back, or autovacuum cannot run.",
  },
  {
    name: "DiskFull",
    topic: "storage",
    expressions: both((context, limit) => `${used(context)} > ${limit}`),
    labels: ["node"],
    summary: "The disk of {{ $labels.node }} is {{ $value | humanizePercentage }} full",
    description: "A server that cannot write WAL stops at once. Data volumes of one machine usually share its disk.",
  },
  {
    name: "DiskFilling",
    topic: "storage",
    expressions: { warning: filling },
    labels: ["node"],
    summary: "The disk of {{ $labels.node }} is filling up",
    description: "At this rate it will be full within the time that this alert looks ahead.",
  },
];
