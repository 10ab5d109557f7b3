import { z } from "zod";

import { parseDurationS, parseMemoryMb } from "../text/units.ts";

/** Sizes and times as a stack file holds them. The patterns are for editors; the parsers decide. */

const aSize = "a size such as 512MB or 2GB";
const aTime = "a time such as 30s, 2min or 1h";

export const memory = z
  .string(aSize)
  .refine((text) => readable(parseMemoryMb, text), aSize)
  .meta({ pattern: "^\\d{1,12} ?(kB|MB|GB|TB|k|m|g)$" });

export const duration = z
  .string(aTime)
  .refine((text) => readable(parseDurationS, text), aTime)
  .meta({ pattern: "^\\d{1,12} ?(ms|s|m|min|h|d)$" });

function readable(parse: (text: string) => number, text: string): boolean {
  try {
    return parse(text) > 0;
  } catch {
    return false;
  }
}
