import { declaredProbes } from "./declared-logins.ts";
import { accepted, login, placeText, refused } from "./login-probe.ts";
import type { Login, LoginProbe } from "./login-probe.ts";
import { consoleDatabase } from "../plan/pgbouncer-defaults.ts";
import { services } from "../plan/names.ts";
import type { CheckNode, CheckProcess, CheckTarget } from "../target/target.ts";

export { placeText, routeName } from "./login-probe.ts";
export type { LoginProbe, Place } from "./login-probe.ts";

/** Every login that must work and every one that must not, on each node and at the pooler. */
export function loginProbes(target: CheckTarget): readonly LoginProbe[] {
  return [
    ...target.nodes.flatMap((node) => nodeProbes(target, node)),
    ...target.processes.flatMap((process) => processProbes(target, process)),
    ...declaredProbes(target),
  ];
}

function nodeProbes(target: CheckTarget, node: CheckNode): readonly LoginProbe[] {
  const at = { place: { kind: "node", node: node.name }, port: node.port } as const;
  const app = { ...login("app", target.appUser, target.database), ...at };
  const monitoring = { ...login("monitoring", "monitoring", target.database), ...at };
  const replicator = { ...login("replicator", "replicator", target.database), ...at };
  const streaming = { ...replicator, replication: true, command: "IDENTIFY_SYSTEM" } as const;
  return [
    accepted(`${app.user} at ${node.name}`, app),
    accepted(`monitoring at ${node.name}`, monitoring),
    accepted(`monitoring at ${node.name} (database postgres)`, {
      ...monitoring,
      database: "postgres",
    }),
    accepted(`replicator at ${node.name} (for replication)`, streaming),
    refused(`postgres at ${node.name} (over TCP)`, {
      ...login("postgres", "postgres", "postgres"),
      ...at,
      password: "wrong",
    }),
    refused(`replicator at ${node.name} (database ${target.database})`, replicator),
    refused(`${app.user} at ${node.name} (database postgres)`, { ...app, database: "postgres" }),
    refused(`${app.user} at ${node.name} (with a wrong password)`, { ...app, password: "wrong" }),
    refused(`monitoring at ${node.name} (with a wrong password)`, {
      ...monitoring,
      password: "wrong",
    }),
    refused(`replicator at ${node.name} (with a wrong password)`, {
      ...streaming,
      password: "wrong",
    }),
  ];
}

/** At every process by itself: each has read the files with passwords and routes for itself. */
function processProbes(target: CheckTarget, { number, port }: CheckProcess): readonly LoginProbe[] {
  const write = { ...login("app", target.appUser, target.writeRoute), port, ...route("write", number) };
  const read = { ...login("app", target.appUser, target.readRoute), port, ...route("read", number) };
  const console = { port, place: { kind: "console", process: number } } as const;
  const app = { ...login("app", target.appUser, consoleDatabase), ...console };
  const admin = { ...login("pgbouncer", "pgbouncer", consoleDatabase), ...console };
  const stats = { ...login("monitoring", "monitoring", consoleDatabase), ...console };
  const name = services.pgbouncer(number);
  const at = placeText(console.place, target);
  return [
    accepted(`${write.user} at ${placeText(write.place, target)} (${name})`, write),
    accepted(`${read.user} at ${placeText(read.place, target)} (${name})`, read),
    accepted(`pgbouncer at ${at}`, { ...admin, command: "SHOW VERSION" }),
    accepted(`monitoring at ${at}`, { ...stats, command: "SHOW STATS" }),
    refused(`${write.user} at ${placeText(write.place, target)} (${name}, with a wrong password)`, {
      ...write,
      password: "wrong",
    }),
    refused(`${app.user} at ${at}`, app),
    refused(`pgbouncer at ${at} (with a wrong password)`, {
      ...admin,
      password: "wrong",
    }),
    refused(`monitoring at ${at} (with a wrong password)`, {
      ...stats,
      password: "wrong",
    }),
    // Nothing happens even if it is allowed: there is no such database to resume.
    refused(`monitoring at ${at} (for an admin command)`, {
      ...stats,
      command: "RESUME pgstack_no_such_database",
    }),
  ];
}

/** A pooler accepts a client before it has a server connection, so a query is needed to prove the way through. */
function route(name: "write" | "read", process: number): Pick<Login, "place" | "command"> {
  return { place: { kind: "route", route: name, process }, command: "select 1" };
}
