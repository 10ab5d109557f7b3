import { parseDurationS } from "../text/units.ts";

/**
 * A time, as seconds since 1970.
 *
 * @param text - how long ago, such as `10m`, or a time in ISO 8601
 */
export function parseSince(text: string, now = new Date()): number {
  if (/^\d{4}-\d\d-\d\d/.test(text)) {
    const at = Date.parse(text);
    if (!Number.isNaN(at)) return at / 1000;
  }
  try {
    return now.getTime() / 1000 - parseDurationS(text);
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}, or 2026-01-31T12:00:00Z`, { cause: error });
  }
}

export function parseTail(text: string): number | "all" {
  if (text === "all") return text;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new Error(`"${text}" is neither a number nor all`);
}
