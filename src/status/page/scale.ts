import { bytesText, durationText } from "../../text/quantities.ts";
import type { ChartUnit, Point } from "../history.ts";

/** Steps of an axis that people can count by, from small to large. */
function niceSteps(top: number, unit: ChartUnit): readonly number[] {
  if (unit === "bytes") {
    // Halves of what has steps of 1024: 256 MB and not 250.
    const base = 1024 ** Math.floor(Math.log2(top) / 10);
    return [0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256].map((step) => step * base);
  }
  if (unit === "seconds" && top > 40) return [15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400];
  const base = 10 ** Math.floor(Math.log10(top / 4));
  return [1, 2, 5, 10].map((step) => step * base).filter((step) => unit !== "count" || step >= 1);
}

/** Lines of a value axis from 0 to at least `max`: three to five of them. */
export function valueTicks(max: number, unit: ChartUnit): readonly number[] {
  const least = unit === "count" ? 4 : unit === "bytes" ? 1024 : 2;
  const top = Math.max(max, least);
  const step = niceSteps(top, unit).find((one) => one * 4 >= top) ?? top / 4;
  return Array.from({ length: Math.ceil(top / step - 1e-9) + 1 }, (_, index) => index * step);
}

/** A value with its unit. */
export function valueText(value: number, unit: ChartUnit): string {
  if (unit === "bytes") return bytesText(Math.round(value));
  if (unit === "seconds") return value >= 10 && value < 60 ? `${Math.round(value)} s` : durationText(value);
  return Number.isInteger(value) ? `${value}` : value.toFixed(1);
}

/** A value on an axis: short, and 0 without a unit. */
export function tickText(value: number, unit: ChartUnit): string {
  if (value === 0) return "0";
  return unit === "seconds" && value < 120 ? `${Number(value.toFixed(2))} s` : valueText(value, unit);
}

const clockSteps = [60, 120, 300, 600, 900, 1800, 3600] as const;

/** Whole times of the clock between two times: four to six of them. */
export function timeTicks(from: number, to: number): readonly number[] {
  const step = clockSteps.find((seconds) => (to - from) / seconds <= 6) ?? 3600;
  const first = Math.ceil(from / step) * step;
  return Array.from({ length: Math.floor((to - first) / step) + 1 }, (_, index) => first + index * step);
}

/** `12:05`, in UTC. */
export function clockText(at: number): string {
  return new Date(at * 1000).toISOString().slice(11, 16);
}

/**
 * At most `count` points, each the largest of its part: a peak is never lost. Where more than `gap` seconds have no value the
 * line is broken into several.
 */
export function segments(
  points: readonly Point[],
  { from, to, count, gap }: { readonly from: number; readonly to: number; readonly count: number; readonly gap: number },
): readonly (readonly Point[])[] {
  const width = (to - from) / count;
  const found: Point[][] = [];
  let last: { readonly part: number; readonly at: number } | undefined;
  for (const [at, value] of points) {
    if (at < from || at > to) continue;
    const part = Math.floor((at - from) / width);
    if (last === undefined || at - last.at > gap) found.push([]);
    const line = found.at(-1) ?? [];
    const previous = line.at(-1);
    if (last?.part === part && previous !== undefined) line[line.length - 1] = [previous[0], Math.max(previous[1], value)];
    else line.push([at, value]);
    last = { part, at };
  }
  return found;
}
