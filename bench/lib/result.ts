import { readFileSync } from "node:fs";

import type { Machine } from "./machine.ts";

export const units = ["s", "ms", "tps", "errors"] as const;
export type Unit = (typeof units)[number];

/** One measurement. */
export interface Sample {
  readonly round: number;
  readonly value: number;
  /** Load average over one minute just before. */
  readonly load: number;
}

/** Everything measured of one contestant in one respect. */
export interface Series {
  readonly contestant: string;
  /** What was measured, e.g. `3 replicas`. */
  readonly metric: string;
  readonly unit: Unit;
  readonly samples: readonly Sample[];
  /** Why measurements are missing. */
  readonly failures: readonly string[];
}

/** A bound that a value should keep. */
export interface Aim {
  readonly op: "<=" | ">=";
  readonly bound: number;
}

/** A figure that the scenario is about. */
export interface Figure {
  readonly what: string;
  /** One value per round, or a single one; none when it could not be measured. */
  readonly values: readonly number[];
  /** `x` is a ratio. */
  readonly unit: Unit | "x";
  readonly aim: Aim | undefined;
}

export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What a scenario hands over when it ends. */
export interface Outcome {
  readonly series: readonly Series[];
  readonly figures: readonly Figure[];
  readonly tables: readonly Table[];
  /** What a reader has to know about this run, e.g. that a contestant was left out. */
  readonly notes: readonly string[];
}

/** A run of one scenario, as it is stored. */
export interface BenchResult extends Outcome {
  readonly scenario: string;
  readonly title: string;
  readonly method: readonly string[];
  /** ISO 8601, UTC. */
  readonly started: string;
  readonly rounds: number;
  /** Length of the whole run in seconds. */
  readonly tookS: number;
  readonly machine: Machine;
}

export function readResult(file: string): BenchResult {
  return JSON.parse(readFileSync(file, "utf8")) as BenchResult;
}

/** Whether the median keeps the bound; undefined without aim or values. */
export function isMet({ aim, values }: Figure, median: (values: readonly number[]) => number): boolean | undefined {
  if (aim === undefined || values.length === 0) return undefined;
  return aim.op === "<=" ? median(values) <= aim.bound : median(values) >= aim.bound;
}
