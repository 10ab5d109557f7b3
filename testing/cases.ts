/**
 * How many cases a costly property tries. `make check` asks for a part of them by PROPERTY_SHARE, a number from 0 to 1;
 * everything else tries all.
 */
export function cases(all: number): number {
  return Math.max(1, Math.round(all * Number(process.env["PROPERTY_SHARE"] ?? 1)));
}
