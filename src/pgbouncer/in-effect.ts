import type { ConfigRow } from "./console.ts";

/** Rows whose value in effect differs from the file's; numbers are compared as numbers. */
export function notInEffect(rows: readonly ConfigRow[], settings: Readonly<Record<string, string>>): readonly ConfigRow[] {
  return rows.filter(({ key, value }) => {
    const wanted = settings[key];
    if (wanted === undefined || wanted === value) return false;
    return Number.isNaN(Number(wanted)) || Number(wanted) !== Number(value);
  });
}
