import { contentDriftSql, declaredDatabases } from "./declared.ts";
import { monitoringDriftSql } from "./monitoring.ts";
import type { RolesSpec } from "./roles.ts";
import { extensionDriftSql, rolesDriftSql } from "./roles.ts";

/** Runs SQL as the superuser in a database. Rows are lines; nothing found is empty text. */
export type AskDatabase = (sql: string, database: string) => Promise<string>;

/** What differs on the leader from the declared roles and databases, separated by `; `; empty when nothing does. */
export async function rolesDrift(ask: AskDatabase, spec: RolesSpec): Promise<string> {
  const common = [await ask(rolesDriftSql(spec), "postgres"), await ask(monitoringDriftSql, "postgres")];
  const present = (await ask("select datname from pg_database where datallowconn;", "postgres")).split("\n");
  const first = present.includes(spec.database) ? [await ask(extensionDriftSql(spec), spec.database)] : [];
  const contents = await Promise.all(
    declaredDatabases(spec)
      .filter((database) => present.includes(database))
      .map((database) => ask(contentDriftSql(spec, database) ?? "", database)),
  );
  return [...common, ...first, ...contents]
    .filter((text) => text !== "")
    .join("\n")
    .replaceAll("\n", "; ");
}
