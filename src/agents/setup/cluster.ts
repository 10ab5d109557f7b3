import { readFile, rename, stat, writeFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";

import { sqlLiteral } from "../../formats/escape.ts";
import { paths } from "../../layout.ts";
import type { ConsoleAccess } from "../../pgbouncer/console.ts";
import { PoolerConsole } from "../../pgbouncer/console.ts";
import { routesFile } from "../../pgbouncer/routes.ts";
import { fileErrorsSql } from "../../postgres/file-errors.ts";
import { nodeReadiness } from "../../postgres/readiness.ts";
import { awaitReload, reloadSql } from "../../postgres/reload.ts";
import { rolesDrift } from "../../postgres/roles-drift.ts";
import { rolesSql } from "../../postgres/roles.ts";
import { withSession } from "../../postgres/session.ts";
import { makeSlotSql } from "../../postgres/slots.ts";
import type { PendingRow } from "../../rollout/pending.ts";
import { pendingSettings, pendingSql } from "../../rollout/pending.ts";
import { topologyOf } from "../../topology/topology.ts";
import type { NodeView } from "../../topology/view.ts";
import { parseTenure, plainView, tenureSql } from "../../topology/view.ts";
import { NodeError, quick, reasonText, Servers, socketFolder } from "./server.ts";
import type { SetupSecrets, SetupSpec } from "./spec.ts";
import type { Refusal, SetupWorld, SlotsLeft } from "./world.ts";

/** How long a busy server may take to read its files again. */
const reloadTimeoutMs = 30_000;

/** The cluster around this container. */
export function clusterWorld(spec: SetupSpec, secrets: SetupSecrets, say: (line: string) => void): SetupWorld {
  const servers = new Servers(spec.major);
  const roles = { ...spec.roles, verifiers: secrets.verifiers };
  const password = secrets.poolerPassword;
  const consoles = new Map(spec.processes.map(({ number, host, port }) => [number, { address: { host, port }, password }]));
  return {
    look: async () => topologyOf(await Promise.all(spec.nodes.map((node) => lookAt(servers, node)))),
    refusal: refusalOf,
    makeRoles: (leader) => servers.script(leader, rolesSql(roles)),
    rolesDrift: (leader) => rolesDrift((sql, database) => servers.ask(leader, sql, { database }), roles),
    readiness: async (node, leader) => {
      const other = { name: leader, login: servers.login(leader) };
      const readiness = await nodeReadiness(
        servers.login(node),
        () => Promise.resolve(other),
        // Peer login refuses nobody.
        () => Promise.resolve({ inRecovery: true }),
        () => Promise.resolve(false),
      );
      return readiness.state === "waiting" ? { ...readiness, reason: reasonText(readiness.reason) } : readiness;
    },
    follow: (node, leader) => follow(servers, node, leader),
    copiedMb: (node, leader) => copiedMb(servers, node, leader),
    reload: (node) =>
      filesText(async () => {
        const before = await servers.ask(node, reloadSql);
        return awaitReload((sql) => servers.ask(node, sql), before, { timeoutMs: reloadTimeoutMs });
      }),
    fileErrors: async (node) => (await filesText(() => servers.ask(node, fileErrorsSql)))?.replaceAll("\n", "; ") ?? "",
    pending: async (node) => {
      const { rows, standby } = await withSession(servers.login(node), async (client) => ({
        rows: (await client.query<PendingRow>(pendingSql)).rows,
        standby: (await client.query<{ standby: boolean }>("select pg_is_in_recovery() as standby")).rows[0]?.standby,
      }));
      return { node, role: standby === false ? "leader" : "replica", pending: pendingSettings(rows, spec.restartSettings) };
    },
    dropSlots: (leader, replicas) => dropSlots(servers, leader, replicas),
    ...poolerOf(consoles),
    say,
    now: () => performance.now(),
    sleep: (ms) => pause(ms),
  };
}

type OfPooler = Pick<SetupWorld, "readRoutes" | "writeRoutes" | "reloadProcess" | "processRoutes" | "processConfig">;

function poolerOf(consoles: ReadonlyMap<number, ConsoleAccess>): OfPooler {
  const on = <T>(process: number, work: (console: PoolerConsole) => Promise<T>): Promise<T> => {
    const access = consoles.get(process);
    if (access === undefined) throw new Error(`there is no process ${process} of the pooler`);
    return PoolerConsole.with(access, work);
  };
  return {
    readRoutes: () => textOf(`${paths.poolerConfig}/${routesFile}`),
    writeRoutes: async (files) => {
      for (const { path, content } of files) {
        const whole = `${paths.poolerConfig}/${path}`;
        await writeFile(`${whole}.new`, content, { mode: 0o644 });
        await rename(`${whole}.new`, whole);
      }
    },
    reloadProcess: (process) => on(process, (console) => console.reload()),
    processRoutes: (process) => on(process, (console) => console.routes()),
    processConfig: (process) => on(process, (console) => console.config()),
  };
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function lookAt(servers: Servers, node: string): Promise<NodeView> {
  try {
    return parseTenure(node, node, await servers.ask(node, tenureSql, { limits: quick }));
  } catch {
    return plainView(node, node, (await refusalOf(node)) === undefined ? "silent" : "refused");
  }
}

async function refusalOf(node: string): Promise<Refusal | undefined> {
  const path = `${socketFolder(node)}/refused`;
  const content = (await textOf(path))?.trim() ?? "";
  if (content === "") return undefined;
  return { lines: content.split("\n"), ageMs: Date.now() - (await stat(path)).mtimeMs };
}

/** An answer about files. A server that cannot open one of them says so by an error of its own. */
async function filesText<T>(ask: () => Promise<T>): Promise<T | string> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof NodeError && /^(58...|42501)$/.test(error.code ?? "")) return (error.cause as Error).message;
    throw error;
  }
}

/**
 * The replica's slot on the leader, then its own connection, by its start script. A receiver that has given up for a while (5 s) tries
 * again when the files are read again.
 */
async function follow(servers: Servers, node: string, leader: string): Promise<void> {
  const answer = await servers.ask(
    node,
    "select coalesce((select status from pg_stat_wal_receiver), ''), substring(current_setting('primary_conninfo') from 'host=([^ ]+)')",
    { limits: quick },
  );
  const [receiver, host] = answer.split("|");
  if (receiver === "streaming" && host === leader) return;
  await servers.ask(leader, makeSlotSql(node));
  if (host !== leader)
    await servers.ask(node, `copy (select where false) to program ${sqlLiteral(`bash ${paths.config}/node.sh follow ${leader}`)}`);
  await servers.ask(node, "select pg_reload_conf()");
}

async function copiedMb(servers: Servers, node: string, leader: string): Promise<string | undefined> {
  const sql = `select backup_streamed / 1048576 from pg_stat_progress_basebackup join pg_stat_replication using (pid)
    where application_name = ${sqlLiteral(node)}`;
  const answer = await servers.ask(leader, sql, { limits: quick }).catch(() => "");
  return answer === "" ? undefined : answer.split("\n")[0];
}

async function dropSlots(servers: Servers, leader: string, replicas: readonly string[]): Promise<SlotsLeft> {
  const names = replicas.map((name) => sqlLiteral(name)).join(", ");
  const rows = await servers.ask(
    leader,
    `select slot_name, active from pg_replication_slots where slot_type = 'physical' and slot_name ~ '^pg[0-9]+$'
       and slot_name <> all (array[${names}]::text[]) order by slot_name`,
  );
  const found = rows === "" ? [] : rows.split("\n").map((row) => row.split("|"));
  const inUse: string[] = [];
  const dropped: string[] = [];
  for (const [name = "", active] of found) {
    if (active === "t") {
      inUse.push(name);
      continue;
    }
    // It may have come back meanwhile; the next run sees that.
    await servers.ask(leader, `select pg_drop_replication_slot(${sqlLiteral(name)})`).then(
      () => dropped.push(name),
      () => inUse.push(name),
    );
  }
  return { dropped, inUse };
}
