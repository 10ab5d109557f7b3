import type { Impact, ImpactClass, ImpactItem } from "./classes.ts";
import { wrapLines } from "../text/wrap.ts";
import { impactWords } from "./classes.ts";

/** Lines fit a narrow terminal. */
const width = 78;

/** The impact for users: each class with its changes, its nodes in order, and how long clients wait. */
export function impactText(impact: Impact): string {
  return `${[headline(impact), ...impact.items.map(itemText)].join("\n\n")}\n`;
}

/** What is compared, and what is half done there: the lines before the impact. */
export function comparedText(compared: Compared): string {
  const unfinished = unfinishedText(compared).flatMap((text) => wrapLines(text, { width, rest: "  " }));
  return `${[`${compared.stack}, compared with ${compared.comparedWith}`, ...unfinished].join("\n")}\n`;
}

/** A sentence, or none. */
function unfinishedText({ unfinished = [] }: Compared): readonly string[] {
  return unfinished.length === 0 ? [] : [`the last deployment left ${unfinished.join(", ")} half done: the next one completes it too`];
}

function headline({ items, refused, waitMs }: Impact): string {
  if (items.length === 0) return "nothing changes";
  if (refused) return "refused: nothing is carried out until this is fixed";
  return waitMs === 0 ? "no client waits" : `clients wait about ${waitMs / 1000} s at most`;
}

function itemText(item: ImpactItem): string {
  const { refusal } = item;
  return [
    heading(item),
    ...item.changes.flatMap((change) => wrapLines(change, { width, first: "  ", rest: "    " })),
    ...detailsOf(item).flatMap(([name, value]) => wrapLines(`${name}: ${value}`, { width, first: "  - ", rest: "    " })),
    ...(refusal === undefined ? [] : wrapLines(refusal.way, { width, first: "  fix: ", rest: "    " })),
  ].join("\n");
}

/** `refused, because …` for what is refused, else the class in words. */
function heading({ class: kind, refusal }: ImpactItem): string {
  return refusal === undefined
    ? impactWords[kind]
    : wrapLines(`${impactWords[kind]}, because ${refusal.because}`, { width, rest: "  " }).join("\n");
}

/** Classes that touch one node after the other. */
const ordered: ReadonlySet<ImpactClass> = new Set(["restart", "restart-leader-first", "replace", "reclone"]);

function detailsOf({ class: kind, nodes, wait, notes, refusal }: ImpactItem): readonly (readonly [string, string])[] {
  if (refusal !== undefined) return [];
  return [
    ...(nodes.length === 0 ? [] : [[nodes.length > 1 && ordered.has(kind) ? "in this order" : "on", nodes.join(", ")] as const]),
    ["clients wait", wait.source === "" ? wait.text : `${wait.text} (measured: ${wait.source})`],
    ...notes.map((note) => ["note", note] as const),
  ];
}

/** The impact as Markdown, for a comment on a pull request. */
export function impactMarkdown(impact: Impact, compared: Compared): string {
  const heading = `### Impact on \`${compared.stack}\`, compared with ${compared.comparedWith}`;
  const unfinished = unfinishedText(compared).map((text) => `${capitalised(text)}.`);
  const lead = impact.items.length === 0 ? "Nothing changes." : `**${capitalised(headline(impact))}.**`;
  return `${[heading, ...unfinished, lead, ...impact.items.map(itemMarkdown)].join("\n\n")}\n`;
}

function itemMarkdown(item: ImpactItem): string {
  const { refusal, changes } = item;
  return [
    `**${impactWords[item.class]}${refusal === undefined ? "" : `**, because ${escaped(refusal.because)}`}${refusal === undefined ? "**" : ""}`,
    "",
    ...changes.map((change) => `- ${code(change)}`),
    "",
    ...detailsOf(item).map(([name, value]) => `${capitalised(name)}: ${escaped(value)}.  `),
    ...(refusal === undefined ? [] : [`Fix: ${escaped(refusal.way)}.`]),
  ].join("\n");
}

/** A value from a stack file as code, whatever backticks it holds. */
function code(text: string): string {
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return longest === 0 ? `${fence}${text}${fence}` : `${fence} ${text} ${fence}`;
}

/** Text that Markdown would read as more than text; backticks are pgstack's own. */
function escaped(text: string): string {
  return text.replace(/[\\*_<>[\]|@#]/g, String.raw`\$&`);
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** What is compared with what. */
export interface Compared {
  readonly stack: string;
  /** `the deployed state`, or the commit. */
  readonly comparedWith: string;
  /** What the last deployment left half done, which no comparison of declarations shows. */
  readonly unfinished?: readonly string[];
}

/** The impact as JSON with stable keys; docs/impact.md describes it. */
export function impactJson(impact: Impact, { stack, comparedWith, unfinished = [] }: Compared): string {
  const items = impact.items.map(({ class: kind, changes, nodes, wait, notes, refusal }) => ({
    class: kind,
    words: impactWords[kind],
    changes,
    nodes,
    wait,
    notes,
    because: refusal?.because ?? null,
    way: refusal?.way ?? null,
  }));
  return JSON.stringify(
    { version: 1, stack, comparedWith, unfinished, refused: impact.refused, waitMs: impact.waitMs, items },
    undefined,
    2,
  );
}
