import { bytesText, durationText, percentText } from "../../text/quantities.ts";
import type { ClusterStatus, NodeStatus, RouteStatus, SlotStatus } from "../model.ts";
import { diskText, lagBytesText, maxWaitText, slotTone, stateTone, usedText } from "../text.ts";
import type { Content, Html } from "./html.ts";
import { html } from "./html.ts";
import { symbolOf } from "./topology.ts";

interface PageColumn<Row> {
  readonly title: string;
  readonly cell: (row: Row) => Content;
  readonly isNumber?: boolean;
  /** Long text: has a line of its own on a phone. */
  readonly isLong?: boolean;
}

/**
 * A table with headers. A phone shows each row as a card; roles are said aloud because a style sheet that does that takes
 * them away from the elements.
 */
export function table<Row>(caption: string, columns: readonly PageColumn<Row>[], rows: readonly Row[]): Html {
  const kind = ({ isNumber, isLong }: PageColumn<Row>): string => (isNumber === true ? "number" : isLong === true ? "whole" : "");
  const [first, ...others] = columns;
  if (first === undefined) return html``;
  return html`<table class="rows" role="table">
    <caption class="hidden">
      ${caption}
    </caption>
    <thead role="rowgroup">
      <tr role="row">
        ${columns.map((column) => html`<th scope="col" role="columnheader" class="${kind(column)}">${column.title}</th>`)}
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${rows.map(
        (row) =>
          html`<tr role="row">
            <th scope="row" role="rowheader">${first.cell(row)}</th>
            ${others.map((column) => html`<td role="cell" class="${kind(column)}" data-title="${column.title}">${column.cell(row)}</td>`)}
          </tr>`,
      )}
    </tbody>
  </table>`;
}

/** A state with its sign and colour. */
export function badge(text: string, tone: string): Html {
  return html`<span class="badge ${tone}"><span aria-hidden="true">${symbolOf(tone)} </span>${text}</span>`;
}

const orDash = <T>(value: T | null, text: (value: T) => Content): Content => (value === null ? "-" : text(value));

/** A share as a bar behind its text. */
function bar(part: number, whole: number, text: string): Html {
  const percent = whole <= 0 ? 0 : Math.min(100, Math.max(0, (part / whole) * 100));
  const tone = percent >= 90 ? "bad" : percent >= 75 ? "warning" : "good";
  return html`<span class="bar"
    ><svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      <rect class="ground" width="100" height="6" />
      <rect class="${tone}" width="${Math.round(percent * 10) / 10}" height="6" /></svg
    >${text}</span
  >`;
}

const nodeColumns: readonly PageColumn<NodeStatus>[] = [
  { title: "node", cell: ({ name, role }) => html`${name} <span class="role">${role ?? ""}</span>` },
  { title: "state", cell: ({ state }) => badge(state, stateTone(state)) },
  { title: "behind", cell: lagBytesText, isNumber: true },
  { title: "heartbeat", cell: ({ lag }) => orDash(lag.seconds, durationText), isNumber: true },
  {
    title: "sessions",
    cell: ({ connections }) => orDash(connections, ({ used, max }) => bar(used, max, `${used} of ${max}`)),
    isNumber: true,
  },
  {
    title: "disk",
    cell: (node) => orDash(node.disk, ({ sizeBytes, freeBytes }) => bar(sizeBytes - freeBytes, sizeBytes, diskText(node))),
    isNumber: true,
  },
  { title: "WAL", cell: ({ walBytes }) => orDash(walBytes, bytesText), isNumber: true },
  { title: "up", cell: ({ uptimeSeconds }) => orDash(uptimeSeconds, durationText), isNumber: true },
  { title: "version", cell: ({ version }) => version ?? "-" },
  { title: "timeline", cell: ({ timeline }) => orDash(timeline, String), isNumber: true },
  { title: "pending", cell: ({ pendingRestarts }) => orDash(pendingRestarts, (count) => (count === 0 ? "-" : `${count}`)), isNumber: true },
];

export function nodesTable({ nodes }: ClusterStatus): Html {
  const note = nodes.some(({ lag }) => lag.from === "slot")
    ? html`<p class="note">* Not connected: WAL since the position of its slot.</p>`
    : undefined;
  return html`${table("Nodes", nodeColumns, nodes)}${note}`;
}

const slotColumns: readonly PageColumn<SlotStatus>[] = [
  { title: "slot", cell: ({ name, declared }) => (declared ? name : html`${name} <span class="role">undeclared</span>`) },
  { title: "state", cell: (slot) => badge(slot.state, slotTone(slot)) },
  { title: "retained", cell: ({ retainedBytes }) => orDash(retainedBytes, bytesText), isNumber: true },
  { title: "cap", cell: ({ capBytes }) => orDash(capBytes, bytesText), isNumber: true },
  {
    title: "used",
    cell: (slot) => (slot.retainedBytes === null || slot.capBytes === null ? "-" : bar(slot.retainedBytes, slot.capBytes, usedText(slot))),
    isNumber: true,
  },
];

export function slotsTable({ slots }: ClusterStatus): Html {
  return slots.length === 0
    ? html`<p class="note">There are no replicas, so there are no slots.</p>`
    : table("Replication slots", slotColumns, slots);
}

/** More of them are counted. */
const mostHosts = 6;

function hostsText(hosts: readonly string[]): string {
  return hosts.length <= mostHosts ? hosts.join(", ") : `${hosts.length} nodes: ${hosts[0]} … ${hosts.at(-1)}`;
}

const routeColumns: readonly PageColumn<RouteStatus>[] = [
  { title: "route", cell: ({ name }) => name },
  { title: "state", cell: ({ state }) => badge(state, state === "open" ? "good" : "bad") },
  { title: "to", cell: ({ hosts }) => hostsText(hosts), isLong: true },
  { title: "active", cell: ({ active }) => active, isNumber: true },
  { title: "waiting", cell: ({ waiting }) => (waiting === 0 ? waiting : badge(`${waiting}`, "warning")), isNumber: true },
  { title: "max wait", cell: maxWaitText, isNumber: true },
  {
    title: "servers",
    cell: ({ serversUsed, serversMax }) => bar(serversUsed, serversMax, `${serversUsed} of ${serversMax}`),
    isNumber: true,
  },
];

export function routesTable({ pooler }: ClusterStatus): Html {
  if (!pooler.answers) return html`<p class="note bad">The pooler does not answer: ${pooler.failure ?? "no reason known"}</p>`;
  const { clients } = pooler;
  const share = clients?.max == null ? undefined : ` (${percentText(clients.used, clients.max)})`;
  return html`${table("Routes of the pooler", routeColumns, pooler.routes)}
    <p class="note">
      PgBouncer ${pooler.version ?? "unknown"}, ${clients?.used ?? "-"}
      clients${clients?.max == null ? undefined : ` of ${clients.max}`}${share}.
    </p>`;
}
