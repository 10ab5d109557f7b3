import { painter } from "../text/paint.ts";
import { bytesText } from "../text/quantities.ts";
import type { Column } from "../text/table.ts";
import { tableLines } from "../text/table.ts";
import type { DatabaseRow, Declared, UserRow } from "./inventory.ts";

const standings: Readonly<Record<Declared, string>> = {
  first: "yes (first)",
  declared: "yes",
  missing: "yes, but missing",
  undeclared: "NO",
};

const databaseColumns: readonly Column<DatabaseRow>[] = [
  { title: "database", cell: ({ name }) => name },
  { title: "declared", cell: ({ declared }) => standings[declared] },
  { title: "owner", cell: ({ owner }) => owner ?? "-" },
  { title: "size", cell: ({ bytes }) => (bytes === null ? "-" : bytesText(bytes)) },
  { title: "connections", cell: ({ connections, connectionLimit }) => usage(connections, connectionLimit) },
  { title: "schemas", cell: ({ schemas }) => (schemas === null ? "-" : schemas.map(({ name }) => name).join(", ")) },
];

const userColumns: readonly Column<UserRow>[] = [
  { title: "user", cell: ({ name }) => name },
  { title: "declared", cell: ({ declared }) => standings[declared] },
  { title: "login", cell: ({ mayLogIn }) => (mayLogIn === null ? "-" : mayLogIn ? "yes" : "no") },
  { title: "access", cell: ({ access }) => list(rightsOf(access)) },
  { title: "owns", cell: ({ owns }) => list(owns) },
  { title: "connections", cell: ({ connections, connectionLimit }) => usage(connections, connectionLimit) },
  { title: "connected since", cell: ({ connectedSince }) => connectedSince ?? "-" },
];

/** The databases as a table. */
export function databasesText(rows: readonly DatabaseRow[]): string {
  return table(databaseColumns, rows);
}

/** The users as a table. */
export function usersText(rows: readonly UserRow[]): string {
  return table(userColumns, rows);
}

/** What an owner may needs no word: `owns` says it. */
function rightsOf(access: UserRow["access"]): readonly string[] {
  return Object.entries(access)
    .filter(([, right]) => right !== "owner")
    .map(([database, right]) => `${database}: ${right === "read" ? "read only" : "write"}`);
}

function list(items: readonly string[]): string {
  return items.length === 0 ? "-" : items.join(", ");
}

function usage(connections: number | null, limit: number | null): string {
  return connections === null ? "-" : `${connections}${limit === null ? "" : ` of ${limit}`}`;
}

function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  return `${tableLines(columns, rows, { width: undefined, paint: painter(false) }).join("\n")}\n`;
}
