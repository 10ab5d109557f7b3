import type { Outcome } from "./result.ts";

export interface ScenarioOptions {
  readonly rounds: number;
  /** Length of one load run in seconds. */
  readonly loadS: number;
  readonly log: (line: string) => void;
}

/** One benchmark. */
export interface Scenario {
  /** Word on the command line, and the JSON file's name. */
  readonly name: string;
  readonly title: string;
  /** Unless the caller says otherwise. */
  readonly defaults: { readonly rounds: number; readonly loadS: number };
  /** What is timed and how, in paragraphs. */
  readonly method: readonly string[];
  readonly run: (options: ScenarioOptions) => Promise<Outcome>;
}
