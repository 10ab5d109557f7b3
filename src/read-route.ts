/** What the pooler's name of a read route ends in; no database may be named like one. */
export const readRouteSuffix = "_ro";

/** The pooler's name of the read route of a database. Its write route has the database's own name. */
export function readRouteName(database: string): string {
  return `${database}${readRouteSuffix}`;
}
