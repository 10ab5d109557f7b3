import { sqlIdent, sqlLiteral } from "../formats/escape.ts";

/**
 * SQL for the superuser that lists roles with another verifier than the wanted one, as `role|verifier`; roles that do not exist
 * yet are none of them. The first line says whether the server is in recovery.
 */
export function otherVerifiersSql(wanted: Readonly<Record<string, string>>): string {
  const rows = Object.entries(wanted).map(([role, verifier]) => `(${sqlLiteral(role)}, ${sqlLiteral(verifier)})`);
  return `select pg_is_in_recovery();
    select rolname, coalesce(rolpassword, '') from pg_authid join (values ${rows.join(", ")}) as wanted (name, verifier) on rolname = name
      where rolpassword is distinct from verifier order by rolname;`;
}

/** Reads what `otherVerifiersSql` gives. */
export function parseOtherVerifiers(answer: string): { readonly inRecovery: boolean; readonly verifiers: ReadonlyMap<string, string> } {
  const [recovery, ...lines] = answer.split("\n");
  const rows = lines.filter((line) => line !== "").map((line) => line.split("|"));
  return { inRecovery: recovery !== "f", verifiers: new Map(rows.map(([role = "", verifier = ""]) => [role, verifier])) };
}

/**
 * SQL that gives roles these verifiers, all or none (an empty one takes the password away), and returns the position up to which a replica must have
 * replayed to have them too. It must reach psql through standard input. A standby that is away must not hold it up.
 */
export function setVerifiersSql(verifiers: ReadonlyMap<string, string>): string {
  return [
    "begin;",
    "set local synchronous_commit = local;",
    ...[...verifiers].map(
      ([role, verifier]) => `alter role ${sqlIdent(role)} password ${verifier === "" ? "null" : sqlLiteral(verifier)};`,
    ),
    "commit;",
    "select pg_current_wal_flush_lsn();",
  ].join("\n");
}
