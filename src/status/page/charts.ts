import type { Chart, History, Series } from "../history.ts";
import { stepSeconds } from "../history.ts";
import type { Html } from "./html.ts";
import { html } from "./html.ts";
import { clockText, segments, tickText, timeTicks, valueText, valueTicks } from "./scale.ts";

/** Of the drawing, in its own units: about pixels on a phone. */
const size = { width: 440, height: 210, left: 58, right: 10, top: 10, bottom: 26 } as const;
const plot = { width: size.width - size.left - size.right, height: size.height - size.top - size.bottom } as const;

/** Points of a line: about one for each pixel on a phone. */
const pointCount = 240;

/** A longer time without a value breaks a line. */
const gapSeconds = stepSeconds * 4;

/** The charts, or a sentence on why there are none. */
export function chartsSection(history: History): Html {
  if (history.state === "none")
    return html`<p class="note">
      This stack runs no Prometheus, so there is no history. <code>pgstack:monitoring.prometheus: true</code> in its stack file adds one.
    </p>`;
  if (history.state === "silent")
    return html`<p class="note bad">Prometheus does not answer, so there is no history: ${history.reason}</p>`;
  return html`<p class="note">The last ${windowText(history.to - history.from)} from Prometheus, times in UTC.</p>
    <div class="charts">${history.charts.map((chart) => chartFigure(chart, history))}</div>`;
}

function windowText(seconds: number): string {
  if (seconds === 3600) return "hour";
  return seconds > 3600 ? `${seconds / 3600} hours` : `${seconds / 60} minutes`;
}

interface Window {
  readonly from: number;
  readonly to: number;
}

function chartFigure(chart: Chart, window: Window): Html {
  const { key, title, about, series } = chart;
  const heading = html`<h3 id="chart-${key}">${title}</h3>
    <p class="note">${about}</p>`;
  if (series.every(({ points }) => points.length === 0))
    return html`<figure class="card">
      ${heading}
      <p class="empty">Prometheus has no values of this yet.</p>
    </figure>`;
  return html`<figure class="card">${heading}${drawing(chart, window)}${legend(chart, window)}</figure>`;
}

function drawing({ key, title, unit, series }: Chart, { from, to }: Window): Html {
  const lines = ({ points }: Series): ReturnType<typeof segments> => segments(points, { from, to, count: pointCount, gap: gapSeconds });
  const most = series.flatMap((one) => lines(one).flatMap((line) => line.map(([, value]) => value)));
  const ticks = valueTicks(Math.max(0, ...most), unit);
  const top = ticks.at(-1) ?? 1;
  const x = (at: number): number => size.left + ((at - from) / (to - from)) * plot.width;
  const y = (value: number): number => size.top + (1 - value / top) * plot.height;
  const bottom = size.top + plot.height;
  return html`<svg
    class="chart"
    viewBox="0 0 ${size.width} ${size.height}"
    role="img"
    aria-labelledby="chart-${key}-title chart-${key}-desc"
  >
    <title id="chart-${key}-title">${title}</title>
    <desc id="chart-${key}-desc">
      From ${clockText(from)} to ${clockText(to)} UTC. ${series.map((one) => `${describe(one, unit, to)} `)}
    </desc>
    ${ticks.map((tick) => html`<line class="grid" x1="${size.left}" x2="${size.width - size.right}" y1="${round(y(tick))}" y2="${round(y(tick))}" /><text class="tick" x="${size.left - 6}" y="${round(y(tick) + 4)}" text-anchor="end">${tickText(tick, unit)}</text>`)}
    ${timeTicks(from, to).map((at) => html`<line class="grid" x1="${round(x(at))}" x2="${round(x(at))}" y1="${bottom}" y2="${bottom + 4}" /><text class="tick" x="${round(Math.min(x(at), size.width - 18))}" y="${bottom + 18}" text-anchor="middle">${clockText(at)}</text>`)}
    ${series.map((one) => lines(one).map((line) => html`<path class="line ${lineClass(one)}" d="${pathOf(line.map(([at, value]) => [x(at), y(value)]))}" />`))}
  </svg>`;
}

function describe({ name, points }: Series, unit: Chart["unit"], to: number): string {
  return points.length === 0
    ? `${name}: no values.`
    : `${name}: now ${nowText(points, unit, to)}, at most ${valueText(maxOf(points), unit)}.`;
}

/** The current value of a series that has ended is unknown. */
function nowText(points: Series["points"], unit: Chart["unit"], to: number): string {
  const last = points.at(-1);
  return last === undefined || to - last[0] > gapSeconds ? "-" : valueText(last[1], unit);
}

function maxOf(points: Series["points"]): number {
  return points.reduce((max, [, value]) => Math.max(max, value), -Infinity);
}

/** A single point is drawn too: as a line without length, whose ends are round. */
function pathOf(points: readonly (readonly [x: number, y: number])[]): string {
  const places = points.map(([x, y]) => `${round(x)} ${round(y)}`);
  return places.length === 1 ? `M${places[0]}h0` : `M${places.join("L")}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function lineClass({ colour, dashed }: Series): string {
  return `s${colour}${dashed ? " dashed" : ""}`;
}

/** What each line is, with its values as text. */
function legend({ series, unit, title }: Chart, { to }: Window): Html {
  return html`<table class="legend">
    <caption class="hidden">
      ${title}: values
    </caption>
    <thead>
      <tr>
        <th scope="col">line</th>
        <th scope="col" class="number">now</th>
        <th scope="col" class="number">most</th>
      </tr>
    </thead>
    <tbody>
      ${series.map((one) => {
        const { name, points } = one;
        const most = points.length === 0 ? "-" : valueText(maxOf(points), unit);
        return html`<tr>
          <th scope="row">
            <svg class="key" viewBox="0 0 20 8" aria-hidden="true"><path class="line ${lineClass(one)}" d="M1 4h18" /></svg>${name}
          </th>
          <td class="number">${nowText(points, unit, to)}</td>
          <td class="number">${most}</td>
        </tr>`;
      })}
    </tbody>
  </table>`;
}
