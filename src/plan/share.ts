/**
 * What one of several processes gets of a number that is for all: equal parts, where the first ones take the remainder.
 *
 * @param number - which process, counted from 1 on
 * @param least - what each gets at least: together they may then have more than the number
 */
export function share(total: number, processes: number, number: number, least = 1): number {
  return Math.max(least, Math.floor(total / processes) + (number <= total % processes ? 1 : 0));
}
