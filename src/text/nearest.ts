import { closest, distance } from "fastest-levenshtein";

/**
 * The known word closest to a mistyped one, or undefined when none is close enough to be what was meant: more than a third of
 * its letters differ, and more than `least`.
 *
 * @param least - letters that may differ in the shortest word
 */
export function nearest(word: string, known: readonly string[], least = 2): string | undefined {
  if (known.length === 0) return undefined;
  const best = closest(word.toLowerCase(), [...known]);
  return distance(word.toLowerCase(), best.toLowerCase()) <= Math.max(least, Math.floor(best.length / 3)) ? best : undefined;
}
