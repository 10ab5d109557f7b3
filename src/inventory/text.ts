import type { DatabaseRow, Declared, UserRow } from "./inventory.ts";

const standings: Readonly<Record<Declared, string>> = {
  first: "yes (first)",
  declared: "yes",
  missing: "yes, but missing",
  undeclared: "NO",
};

/** The databases as a table. */
export function databasesText(rows: readonly DatabaseRow[]): string {
  return table([
    ["database", "declared", "owner", "size", "connections", "schemas"],
    ...rows.map(({ name, declared, owner, bytes, connections, connectionLimit, schemas }) => [
      name,
      standings[declared],
      owner ?? "-",
      bytes === null ? "-" : sizeText(bytes),
      usage(connections, connectionLimit),
      schemas === null ? "-" : schemas.map((schema) => schema.name).join(", "),
    ]),
  ]);
}

/** The users as a table. */
export function usersText(rows: readonly UserRow[]): string {
  return table([
    ["user", "declared", "login", "access", "owns", "connections", "connected since"],
    ...rows.map(({ name, declared, mayLogIn, access, owns, connections, connectionLimit, connectedSince }) => [
      name,
      standings[declared],
      mayLogIn === null ? "-" : mayLogIn ? "yes" : "no",
      list(
        Object.entries(access)
          .filter(([, right]) => right !== "owner")
          .map(([database, right]) => `${database}: ${right === "read" ? "read only" : "write"}`),
      ),
      list(owns),
      usage(connections, connectionLimit),
      connectedSince ?? "-",
    ]),
  ]);
}

function list(items: readonly string[]): string {
  return items.length === 0 ? "-" : items.join(", ");
}

function usage(connections: number | null, limit: number | null): string {
  return connections === null ? "-" : `${connections}${limit === null ? "" : ` of ${limit}`}`;
}

function sizeText(bytes: number): string {
  return bytes < 1024 ** 3 ? `${Math.round(bytes / 1024 ** 2)} MB` : `${(bytes / 1024 ** 3).toFixed(1)} GB`;
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return `${lines.join("\n")}\n`;
}
