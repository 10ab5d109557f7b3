import type { AlertContext } from "./alert.ts";

/** Pieces of PromQL. Every selector names the stack, so that one Prometheus may watch several. */

export function promString(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}

const operators = { "~": "=~", "!~": "!~", "!": "!=", "": "=" } as const;

/** `metric{stack="production",job="postgres"}`; in front of a value `~` makes it a pattern, `!` one that must not be, `!~` both. */
export function select({ stack }: Pick<AlertContext, "stack">, metric: string, labels: Readonly<Record<string, string>> = {}): string {
  const matchers = Object.entries({ stack, ...labels }).map(([label, text]) => {
    const [, sign = "", value = ""] = /^(!~|~|!|)(.*)$/s.exec(text) ?? [];
    return `${label}${operators[sign as keyof typeof operators]}${promString(value)}`;
  });
  return `${metric}{${matchers.join(",")}}`;
}

/** A time as Prometheus writes it: `90s`, `5m`, `6h`, `500ms`. */
export function promDuration(seconds: number): string {
  if (seconds === 0) return "0s";
  if (!Number.isInteger(seconds)) return `${Math.round(seconds * 1000)}ms`;
  const units = [
    ["d", 86_400],
    ["h", 3600],
    ["m", 60],
  ] as const;
  const [unit, size] = units.find(([, length]) => seconds % length === 0) ?? ["s", 1];
  return `${seconds / size}${unit}`;
}

/** A range that holds at least four scrapes: one that is missed or late changes nothing. */
export function range(seconds: number, { scrapeIntervalS }: Pick<AlertContext, "scrapeIntervalS">): string {
  return `[${promDuration(Math.max(seconds, 4 * scrapeIntervalS))}]`;
}

/** One series per node; labels of the target and the exporter go. */
export function perNode(expression: string): string {
  return `max by (stack, node) (${expression})`;
}

/** One series per slot, with the replica that it is for as `node`: slots have their replica's name. */
export function perSlot(expression: string): string {
  return `label_replace(max by (stack, slot) (${expression}), "node", "$1", "slot", "(.+)")`;
}

/** How often a state of 0 or 1 may change within ten minutes before it counts as unsteady: away three times and back. */
export const unsteadyChanges = 6;
const unsteadyS = 600;
/** A state that changes with every scrape is seen so often within the window. */
const unsteadyScrapes = 12;

/** Is 0 now, or flaps: a state that is 1 at every other scrape never lasts long enough to be seen otherwise. */
export function goneOrUnsteady(selector: string, by: readonly string[], context: AlertContext, of: "any" | "all" = "any"): string {
  const window = range(Math.max(unsteadyS, unsteadyScrapes * context.scrapeIntervalS), context);
  const grouped = `by (${by.join(", ")})`;
  return [
    `max ${grouped} (${selector}) == 0`,
    `or ${of === "any" ? "max" : "min"} ${grouped} (changes(${selector}${window})) >= ${unsteadyChanges}`,
  ].join("\n");
}
