import { currentLoad } from "./machine.ts";
import type { Series, Unit } from "./result.ts";

/** What one run of a contestant measured: metric → value. */
export type Measured = Readonly<Record<string, number>>;

export interface Contestant {
  readonly name: string;
  readonly unit: Unit;
  /** Measures once, from an own start, and leaves nothing behind. */
  readonly run: (round: number) => Promise<Measured>;
}

export interface RoundsOptions {
  readonly rounds: number;
  readonly log: (line: string) => void;
}

interface Collected {
  readonly contestant: string;
  readonly metric: string;
  readonly unit: Unit;
  readonly samples: Series["samples"][number][];
  readonly failures: string[];
}

/**
 * Runs every contestant once per round, so that whatever else the machine does meets all of them. Each round begins with
 * another one: no contestant always runs after the same neighbour. A failed run is kept as such and the next one continues.
 */
export async function interleave(contestants: readonly Contestant[], { rounds, log }: RoundsOptions): Promise<readonly Series[]> {
  const series = new Map<string, Collected>();
  const seriesOf = ({ name, unit }: Contestant, metric: string): Collected => {
    const key = `${name}\0${metric}`;
    const known = series.get(key) ?? { contestant: name, metric, unit, samples: [], failures: [] };
    series.set(key, known);
    return known;
  };
  for (let round = 1; round <= rounds; round += 1) {
    for (const contestant of rotated(contestants, round - 1)) {
      const load = currentLoad();
      try {
        const measured = await contestant.run(round);
        for (const [metric, value] of Object.entries(measured)) seriesOf(contestant, metric).samples.push({ round, value, load });
        log(`round ${round}/${rounds}  ${contestant.name}: ${describe(measured, contestant.unit)}  (load ${load})`);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        seriesOf(contestant, "failed").failures.push(`round ${round}: ${reason}`);
        log(`round ${round}/${rounds}  ${contestant.name}: FAILED: ${reason}`);
      }
    }
  }
  // In the order in which contestants were given, whichever of them ran first.
  const order = contestants.map(({ name }) => name);
  return [...series.values()].toSorted((a, b) => order.indexOf(a.contestant) - order.indexOf(b.contestant));
}

/** The list, beginning `by` places later. */
export function rotated<T>(list: readonly T[], by: number): readonly T[] {
  const at = list.length === 0 ? 0 : by % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}

function describe(measured: Measured, unit: Unit): string {
  return Object.entries(measured)
    .map(([metric, value]) => `${metric} ${value.toFixed(unit === "s" ? 2 : 1)} ${unit}`)
    .join(", ");
}

/** Samples of one contestant in one respect; none when it never succeeded. */
export function samplesOf(series: readonly Series[], contestant: string, metric: string): Series["samples"] {
  return series.find((one) => one.contestant === contestant && one.metric === metric)?.samples ?? [];
}
