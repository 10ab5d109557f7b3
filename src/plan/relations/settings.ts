import type { ClusterConfig } from "../../config/schema.ts";
import { findSetting, settingsOf, valueProblem } from "../../postgres/settings.ts";
import { nearest } from "../../text/nearest.ts";
import { ownedReason, refusedReason } from "../owned-settings.ts";
import type { KeyProblem } from "./problem.ts";

export function settingProblems(config: ClusterConfig): KeyProblem[] {
  const known = settingsOf(config.postgresVersion);
  return Object.entries(config.settings).flatMap(([name, raw]): KeyProblem[] => {
    const key = `settings.${name}`;
    const value = String(raw);
    const reason = ownedReason(name);
    if (reason !== undefined) return [{ key, problem: `pgstack owns this setting (given: ${value})`, fix: reason }];
    const refused = refusedReason(name, value);
    if (refused !== undefined) return [{ key, problem: `"${value}" is refused: ${refused}`, fix: "remove it" }];
    // A version without a table is checked by the server itself; a dotted name belongs to an extension.
    if (known === undefined) return [];
    const info = findSetting(config.postgresVersion, name);
    if (info === undefined) return name.includes(".") ? [] : [unknownSetting(key, name, Object.keys(known), config.postgresVersion)];
    const wrong = valueProblem(info, value);
    return wrong === undefined ? [] : [{ key, problem: `"${value}" is not allowed`, fix: `use ${wrong}` }];
  });
}

function unknownSetting(key: string, name: string, known: readonly string[], major: number): KeyProblem {
  const meant = nearest(name, known);
  return {
    key,
    problem: `PostgreSQL ${major} has no setting of this name`,
    fix: meant === undefined ? "remove it" : `did you mean \`${meant}\`?`,
  };
}

/** Without this library the extension of the same name, and with it the exporters, answer with errors. */
export function preloadProblems(config: ClusterConfig): KeyProblem[] {
  const given = config.settings["shared_preload_libraries"];
  if (given === undefined) return [];
  const libraries = String(given)
    .split(",")
    .map((name) => name.trim().replaceAll('"', ""))
    .filter((name) => name !== "");
  if (libraries.includes("pg_stat_statements")) return [];
  return [
    {
      key: "settings.shared_preload_libraries",
      problem: `"${String(given)}" does not include pg_stat_statements, which pgstack requires`,
      fix: `set it to "${["pg_stat_statements", ...libraries].join(",")}"`,
    },
  ];
}
