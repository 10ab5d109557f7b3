import { cleanText } from "../text/clean.ts";
import type { Tone } from "../text/paint.ts";
import { painter } from "../text/paint.ts";
import type { ShownLine } from "./filter.ts";

/** Colours of names, by their place in the list: cyan, green, yellow, magenta, blue, and their bright ones. */
const nameColours = [36, 32, 33, 35, 34, 96, 92, 93, 95, 94] as const;

const tones: Readonly<Record<ShownLine["severity"], Tone | undefined>> = { info: undefined, warning: "warning", error: "bad" };

/** Writes lines; those of several services begin with a name. What would move a terminal's cursor is written out. */
export function lineWriter(names: readonly string[], { colour }: { readonly colour: boolean }): (line: ShownLine) => string {
  const width = Math.max(...names.map((name) => name.length));
  const paint = painter(colour);
  const prefix = (service: string): string => {
    if (names.length < 2) return "";
    const name = service.padEnd(width);
    return `${colour ? `\u001B[${nameColours[names.indexOf(service) % nameColours.length]}m${name}\u001B[0m` : name} | `;
  };
  return ({ service, text, severity }) => `${prefix(service)}${paint(cleanText(text), tones[severity])}\n`;
}
