import { bytesText, durationText } from "../../text/quantities.ts";
import type { ClusterStatus, NodeStatus, RouteStatus } from "../model.ts";
import { stateTone } from "../text.ts";
import type { Box, Geometry } from "./geometry.ts";
import { narrowGeometry, walPath, wideGeometry } from "./geometry.ts";
import type { Html } from "./html.ts";
import { html } from "./html.ts";

/** The picture of the cluster, once for each width; the style sheet shows one of them. */
export function topologyPicture(status: ClusterStatus, readRoutes: readonly string[]): Html {
  const count = status.nodes.length;
  return html`<div class="card picture">
    ${[wideGeometry(count), narrowGeometry(count)].map((geometry) => picture(status, readRoutes, geometry))}
  </div>`;
}

function picture(status: ClusterStatus, readRoutes: readonly string[], geometry: Geometry): Html {
  const { name, width, height } = geometry;
  const marker = (kind: string): Html =>
    html`<marker
      id="${name}-${kind}"
      class="arrow ${kind}"
      viewBox="0 0 8 8"
      refX="7"
      refY="4"
      markerUnits="userSpaceOnUse"
      markerWidth="10"
      markerHeight="10"
      orient="auto"
      ><path d="M0 0L8 4L0 8z"
    /></marker>`;
  return html`<svg class="topology ${name}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${name}-title ${name}-desc">
    <title id="${name}-title">Clients, pooler, leader and replicas</title>
    <desc id="${name}-desc">${inWords(status)}</desc>
    <defs>${["plain", "good", "warning", "bad"].map(marker)}</defs>
    ${edge(geometry, geometry.entry, status.pooler.answers ? "plain" : "bad")}
    ${status.nodes.map((node, index) => ways(status, node, { readRoutes, geometry, box: geometry.nodes[index] }))}
    ${walLines(status, geometry)} ${box(geometry.clients, { title: "clients", text: clientsText(status), tone: "plain" })}
    ${box(geometry.pooler, poolerBox(status))} ${status.nodes.map((node, index) => nodeBox(node, geometry.nodes[index]))}
  </svg>`;
}

function edge(geometry: Geometry, path: string, tone: string, kind = ""): Html {
  return html`<path class="edge ${tone} ${kind}" d="${path}" marker-end="url(#${geometry.name}-${tone})" />`;
}

interface Place {
  readonly readRoutes: readonly string[];
  readonly geometry: Geometry;
  readonly box: Box | undefined;
}

/** What leads from the pooler to a node: writes, reads, or both. */
function ways({ pooler }: ClusterStatus, node: NodeStatus, { readRoutes, geometry, box: place }: Place): Html | undefined {
  const routes = pooler.routes.filter(({ hosts }) => hosts.includes(node.name));
  if (place === undefined || routes.length === 0) return undefined;
  const isRead = ({ name }: RouteStatus): boolean => readRoutes.includes(name);
  const held = routes.some(({ state }) => state !== "open");
  const words = [...(routes.every(isRead) ? [] : ["writes"]), ...(routes.some(isRead) ? ["reads"] : [])].join(", ");
  const tone = stateTone(node.state) === "bad" || held ? "bad" : "plain";
  const at = geometry.wayLabel?.(place);
  return html`${edge(geometry, geometry.wayTo(place), tone, routes.every(isRead) ? "" : "thick")}${
    at === undefined
      ? undefined
      : html`<text class="label ${tone}" x="${at[0]}" y="${at[1]}" text-anchor="end">${held ? `${words} held` : words}</text>`
  }`;
}

function walLines({ nodes, leader: leads, ledLast }: ClusterStatus, geometry: Geometry): Html {
  const from = leads ?? ledLast;
  const leader = geometry.nodes[nodes.findIndex(({ name }) => name === from)];
  const replicas = nodes.map((node, index) => ({ node, place: geometry.nodes[index] })).filter(({ node }) => node.name !== from);
  return html`${replicas.map(({ node, place }) => (leader === undefined || place === undefined ? undefined : walLine(node, geometry, walPath(geometry, leader, place))))}`;
}

function walLine(node: NodeStatus, geometry: Geometry, { trunk, branch, middle }: ReturnType<typeof walPath>): Html {
  const tone = stateTone(node.state);
  const isBroken = tone === "bad" && node.state !== "paused";
  const [x, y] = middle;
  const lines = lagLines(node);
  return html`<path
      class="edge plain"
      d="${trunk}"
    />${isBroken ? html`<path class="edge bad broken" d="${branch}" />` : edge(geometry, branch, tone)}${
      isBroken ? html`<path class="cross" d="M${x - 4} ${y - 4}l8 8m0 -8l-8 8" />` : undefined
    }${lines.map((line, index) => html`<text class="label ${tone}" x="${geometry.walX + 8}" y="${y + 4 + (index - (lines.length - 1) / 2) * 15}">${line}</text>`)}`;
}

/** How far a replica is behind, in two short lines. */
function lagLines({ lag, state }: NodeStatus): readonly string[] {
  const isBroken = state === "no answer" || state === "disconnected";
  const bytes = lag.bytes === null ? [] : [`${bytesText(lag.bytes)}${lag.from === "slot" ? " held" : " behind"}`];
  const time = lag.seconds === null ? [] : [lag.seconds < 1.5 && !isBroken ? "in time" : `for ${durationText(lag.seconds)}`];
  const all = [...bytes, ...time];
  return all.length === 0 ? [isBroken ? "not connected" : "not known"] : all;
}

interface BoxText {
  readonly title: string;
  readonly text: string;
  readonly tone: string;
  readonly note?: string;
}

function box({ x, y, width, height }: Box, { title, text, tone, note }: BoxText): Html {
  return html`<g class="box ${tone}"
    ><rect x="${x}" y="${y}" width="${width}" height="${height}" rx="8" />
    <text class="name" x="${x + 12}" y="${y + 22}">${title}</text>
    ${note === undefined ? undefined : html`<text class="role" x="${x + width - 12}" y="${y + 22}" text-anchor="end">${note}</text>`}
    <text class="state" x="${x + 12}" y="${y + 41}">${text}</text></g
  >`;
}

function nodeBox(node: NodeStatus, place: Box | undefined): Html | undefined {
  if (place === undefined) return undefined;
  const tone = stateTone(node.state);
  return box(place, { title: node.name, note: node.role ?? "", text: `${symbolOf(tone)} ${node.state}`, tone });
}

/** A sign in addition to the colour. */
export function symbolOf(tone: string): string {
  return tone === "good" ? "●" : tone === "warning" ? "▲" : tone === "bad" ? "✕" : "";
}

function poolerBox({ pooler }: ClusterStatus): BoxText {
  const title = "pooler";
  if (!pooler.answers) return { title, text: "✕ no answer", tone: "bad" };
  const held = pooler.routes.filter(({ state }) => state !== "open");
  if (held.length > 0) return { title, text: `✕ ${held.map(({ state }) => state)[0] ?? "paused"}`, tone: "bad" };
  const waiting = pooler.routes.reduce((sum, route) => sum + route.waiting, 0);
  return waiting > 0 ? { title, text: `▲ ${waiting} waiting`, tone: "warning" } : { title, text: "● open", tone: "good" };
}

function clientsText({ pooler: { clients } }: ClusterStatus): string {
  return clients === null ? "-" : `${clients.used}${clients.max === null ? "" : ` of ${clients.max}`}`;
}

/** The picture for those who do not see it. */
function inWords({ nodes, pooler }: ClusterStatus): string {
  const routes = pooler.routes.map(({ name, hosts, state }) => `Route ${name} leads to ${hosts.join(", ")} and is ${state}.`);
  const replicas = nodes.map(({ name, role, state, lag }) => {
    const behind = lag.bytes === null ? "" : `, ${bytesText(lag.bytes)} behind${lag.from === "slot" ? " by its slot" : ""}`;
    return `${name} ${role === null ? "" : `is ${role}`}: ${state}${behind}.`;
  });
  return [pooler.answers ? "Clients come through the pooler." : "The pooler does not answer.", ...routes, ...replicas].join(" ");
}
