import type { AlertName, Severity } from "../../src/config/alerts.ts";
import type { Change, Labels, Series } from "./series.ts";
import { changed, healthy } from "./series.ts";

/** Long cases take longer steps, or their tests would take minutes. */
export const steps = { "15s": 15, "1m": 60, "4m": 240 } as const;
export type Step = keyof typeof steps;

/** A situation, a moment, and every alert that fires then: those that are not listed must be silent. */
export interface AlertCase {
  readonly what: string;
  /** What the case is about. It fires when `fires` has it, else the case shows that it does not. */
  readonly about: readonly (readonly [AlertName, Severity])[];
  readonly series: readonly Series[];
  readonly nodes: readonly string[];
  /** Time between samples and between evaluations. */
  readonly step: Step;
  readonly at: string;
  readonly fires: readonly Fired[];
  /** Texts of an alert that fires, word for word. */
  readonly texts?: { readonly alert: AlertName; readonly summary: string; readonly description: string };
}

export interface Fired {
  readonly alert: string;
  readonly severity: Severity;
  readonly labels: Labels;
}

interface Options {
  readonly nodes?: readonly string[];
  readonly leader?: string;
  readonly more?: readonly Series[];
  readonly step?: Step;
  readonly texts?: AlertCase["texts"];
}

export const threeNodes = ["pg1", "pg2", "pg3"] as const;

/**
 * A case in one line.
 *
 * @param about - `PostgresDown critical`, several separated by commas
 * @param fires - `PostgresDown critical node=pg2 role=replica` for each alert that fires
 */
export function situation(
  about: string,
  what: string,
  changes: readonly Change[],
  at: string,
  fires: readonly string[],
  { nodes = threeNodes, leader = "pg1", more = [], step = "15s", texts }: Options = {},
): AlertCase {
  return {
    what,
    about: about.split(", ").map((one) => one.split(" ") as unknown as readonly [AlertName, Severity]),
    series: [...changed(healthy(nodes, leader), changes), ...more],
    nodes,
    step,
    at,
    fires: fires.map(fired),
    ...(texts === undefined ? {} : { texts }),
  };
}

function fired(text: string): Fired {
  const [alert = "", severity = "", ...labels] = text.split(" ");
  return { alert, severity: severity as Severity, labels: Object.fromEntries(labels.map((label) => label.split("=") as [string, string])) };
}
