import { closest, distance } from "fastest-levenshtein";

/**
 * The known word closest to a mistyped one, or undefined when none is close enough to be what was meant
 * (more than a third of the letters differ, at least two).
 */
export function nearest(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const best = closest(word.toLowerCase(), [...known]);
  return distance(word.toLowerCase(), best.toLowerCase()) <= Math.max(2, Math.floor(best.length / 3)) ? best : undefined;
}
