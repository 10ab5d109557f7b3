import type { Paint, Tone } from "../text/paint.ts";
import { painter } from "../text/paint.ts";
import { bytesText, durationText, percentText, plural } from "../text/quantities.ts";
import type { Cell, Column } from "../text/table.ts";
import { tableLines } from "../text/table.ts";
import { wrapLines } from "../text/wrap.ts";
import type { LastCheck } from "./last-check.ts";
import type { ClusterStatus, NodeState, NodeStatus, PoolerStatus, RouteStatus, SlotStatus } from "./model.ts";

export interface TextLook {
  readonly colour: boolean;
  /** Of the terminal; undefined: as wide as it takes. */
  readonly width: number | undefined;
}

/** The state for users: a verdict, tables of nodes, slots and routes, and what is wrong. */
export function statusText(status: ClusterStatus, { colour, width }: TextLook): string {
  const paint = painter(colour);
  const look = { width, paint };
  const wrap = (text: string): readonly string[] => wrapLines(text, { width, rest: "  " });
  return [
    verdict(status, paint),
    ...wrap(lastCheckLine(status.lastCheck, new Date(status.at))),
    "",
    ...tableLines(nodeColumns, status.nodes, look),
    ...(status.nodes.some(({ lag }) => lag.from === "slot") ? wrap("* not connected: WAL since the position of its slot") : []),
    ...(status.slots.length === 0 ? [] : ["", ...tableLines(slotColumns, status.slots, look)]),
    "",
    ...(status.pooler.answers ? tableLines(routeColumns, status.pooler.routes, look) : []),
    ...wrap(clientsLine(status.pooler)),
    ...(status.problems.length === 0 ? [] : [""]),
    ...status.problems.flatMap(({ where, text }) => wrap(`${where}: ${text}`).map((line) => paint(line, "bad"))),
    "",
  ].join("\n");
}

function verdict({ stack, ok, problems, at }: ClusterStatus, paint: Paint): string {
  const word = ok ? paint("ok", "good") : paint(plural(problems.length, "problem"), "bad");
  return `${stack}: ${word}, ${at.replace("T", " ").replace(/\.\d+Z$/, " UTC")}`;
}

/** The check of the last deployment as text. */
export function lastCheckLine(check: LastCheck | null, now: Date): string {
  if (check === null) return "last check: not known";
  const ago = check.at === null ? "" : `, ${durationText((now.getTime() - Date.parse(check.at)) / 1000)} ago`;
  const warnings = check.findings.length === 0 ? "" : `, ${plural(check.findings.length, "finding")}`;
  return `last deployment's check: ${check.ok ? "healthy" : "not healthy"}${warnings}${ago}`;
}

function clientsLine({ answers, clients, version }: PoolerStatus): string {
  if (!answers) return "pooler: no answer";
  const of = clients?.max == null ? "" : ` of ${clients.max}`;
  return `PgBouncer ${version ?? "unknown"}, clients ${clients?.used ?? "-"}${of}`;
}

const goodStates: readonly NodeState[] = ["writable", "streaming"];

/** How a node's state is meant. */
export function stateTone(state: NodeState): Tone {
  return goodStates.includes(state) ? "good" : state === "catching up" || state === "starting" ? "warning" : "bad";
}

/** Behind in bytes; an asterisk if the value comes from the slot. */
export function lagBytesText({ lag }: NodeStatus): string {
  return lag.bytes === null ? "-" : `${bytesText(lag.bytes)}${lag.from === "slot" ? "*" : ""}`;
}

const orDash = <T>(value: T | null, text: (value: T) => string): string => (value === null ? "-" : text(value));

/** Used room of the data volume. */
export function diskText({ disk }: NodeStatus): string {
  return orDash(disk, ({ sizeBytes, freeBytes }) => `${percentText(sizeBytes - freeBytes, sizeBytes)} of ${bytesText(sizeBytes)}`);
}

const nodeColumns: readonly Column<NodeStatus>[] = [
  { title: "node", cell: ({ name }) => name },
  { title: "role", cell: ({ role }) => role ?? "-", drop: 2 },
  { title: "state", cell: ({ state }) => toned(state, stateTone(state)) },
  { title: "behind", cell: lagBytesText, align: "right" },
  { title: "time", cell: ({ lag }) => orDash(lag.seconds, durationText), align: "right" },
  { title: "sessions", cell: ({ connections }) => orDash(connections, ({ used, max }) => `${used}/${max}`), align: "right", drop: 1 },
  { title: "disk", cell: diskText, align: "right", drop: 3 },
  { title: "WAL", cell: ({ walBytes }) => orDash(walBytes, bytesText), align: "right", drop: 6 },
  { title: "up", cell: ({ uptimeSeconds }) => orDash(uptimeSeconds, durationText), align: "right", drop: 4 },
  { title: "version", cell: ({ version }) => version ?? "-", drop: 5 },
  { title: "timeline", cell: ({ timeline }) => orDash(timeline, String), align: "right", drop: 7 },
  {
    title: "pending",
    cell: ({ pendingRestarts }) => orDash(pendingRestarts, (count) => (count === 0 ? "-" : plural(count, "setting"))),
    align: "right",
    drop: 8,
  },
];

function toned(text: string, tone: Tone | undefined): Cell {
  return { text, tone };
}

/** How a slot's state is meant. */
export function slotTone({ state, declared }: SlotStatus): Tone {
  if (state === "lost" || state === "missing") return "bad";
  return state === "active" && declared ? "good" : "warning";
}

const slotColumns: readonly Column<SlotStatus>[] = [
  { title: "slot", cell: ({ name }) => name, flexible: 8 },
  { title: "state", cell: (slot) => toned(slot.declared ? slot.state : `${slot.state}, undeclared`, slotTone(slot)) },
  { title: "retained", cell: ({ retainedBytes }) => orDash(retainedBytes, bytesText), align: "right" },
  { title: "cap", cell: ({ capBytes }) => orDash(capBytes, bytesText), align: "right" },
  { title: "used", cell: usedText, align: "right" },
];

/** Share of the cap that a slot retains. */
export function usedText({ retainedBytes, capBytes }: SlotStatus): string {
  return retainedBytes === null || capBytes === null ? "-" : percentText(retainedBytes, capBytes);
}

const routeColumns: readonly Column<RouteStatus>[] = [
  { title: "route", cell: ({ name }) => name, flexible: 8 },
  { title: "state", cell: ({ state }) => toned(state, state === "open" ? "good" : "bad") },
  { title: "active", cell: ({ active }) => `${active}`, align: "right" },
  { title: "waiting", cell: ({ waiting }) => toned(`${waiting}`, waiting === 0 ? undefined : "warning"), align: "right" },
  { title: "max wait", cell: maxWaitText, align: "right" },
  { title: "servers", cell: ({ serversUsed, serversMax }) => `${serversUsed}/${serversMax}`, align: "right", drop: 2 },
  { title: "to", cell: ({ hosts }) => hosts.join(","), drop: 1, flexible: 8 },
];

export function maxWaitText({ waiting, maxWaitSeconds }: RouteStatus): string {
  return waiting === 0 && maxWaitSeconds === 0 ? "-" : durationText(maxWaitSeconds);
}
