import type { ClusterConfig } from "../../config/schema.ts";
import { connectionBudget } from "../connections.ts";
import type { EffectiveSettings, KeyProblem } from "./problem.ts";

export function connectionProblems(config: ClusterConfig, effective: EffectiveSettings): KeyProblem[] {
  const limit = Number(effective.get("max_connections"));
  const budget = connectionBudget(config);
  // A value that is no number is another problem, already named.
  if (Number.isNaN(limit) || budget.total <= limit) return [];
  return [
    {
      key: "settings.max_connections",
      problem: `${budget.parts.map((part) => `${part.connections} ${part.what}`).join(" + ")} = ${budget.total} connections, but max_connections is ${limit}`,
      fix: `lower ${Object.keys(config.databases).length === 0 ? "" : "poolSize of databases, "}pooler.poolSize or pooler.reserveSize, or set settings.max_connections to at least ${budget.total}`,
    },
  ];
}
