import type { ClusterPlan, RoutePlan } from "./types.ts";

/** Every route with the database that it leads to: first all of the first database. */
export function routesOf({
  database,
  pooler,
}: Pick<ClusterPlan, "database" | "pooler">): readonly (RoutePlan & { readonly database: string })[] {
  return [{ database: database.name, write: pooler.write, read: pooler.read }, ...pooler.others].flatMap(
    ({ database: of, write, read }) => [
      { ...write, database: of },
      { ...read, database: of },
    ],
  );
}
