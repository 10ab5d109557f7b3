import { planAlerts } from "../../src/plan/alerts.ts";
import { alertsSchema } from "../../src/config/alerts.ts";
import type { RulesInput } from "../../src/monitoring/rules.ts";
import type { AlertCase } from "./case.ts";
import { threeNodes } from "./case.ts";
import { availabilityCases } from "./cases/availability.ts";
import { leaderMoves } from "./cases/leader-moves.ts";
import { replicationCases } from "./cases/replication.ts";
import { resourceCases } from "./cases/resources.ts";

/** Every situation that the rules are tried on. */
export const alertCases: readonly AlertCase[] = [...availabilityCases, ...leaderMoves, ...replicationCases, ...resourceCases];

/** A stack named `test` with default thresholds. */
export function rulesInput(nodes: readonly string[] = threeNodes, config: unknown = {}): RulesInput {
  return {
    stack: "test",
    nodes,
    processes: ["pgbouncer-1", "pgbouncer-2"],
    scrapeIntervalS: 15,
    alerts: planAlerts({ alerts: alertsSchema.parse(config), rules: [], runbooks: "docs/runbooks" }),
  };
}
