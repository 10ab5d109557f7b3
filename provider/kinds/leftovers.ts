import { leftoversInputs } from "../../resources/leftovers.ts";
import { connectEngine } from "../../src/engine/connect.ts";
import { isRunning } from "../../src/engine/container.ts";
import { runSql } from "../../src/engine/psql.ts";
import {
  closeDatabaseSql,
  closeRoleSql,
  disownSql,
  dropDatabaseSql,
  dropRoleSql,
  endSessionsSql,
  involvedSql,
  reopenDatabaseSql,
  reopenRoleSql,
} from "../../src/postgres/leftovers.ts";
import { parseInputs } from "../inputs.ts";
import type { Kind } from "../kind.ts";
import { goneBetween, staleEntries } from "../leftovers/gone.ts";
import type { StaleEntry } from "../leftovers/gone.ts";
import type { Declaration } from "../../resources/declaration.ts";
import {
  databaseProblem,
  leftoverProblems,
  objectsProblem,
  presentOf,
  previewedProblems,
  propertyOf,
  rowsOf,
  tablesOf,
} from "../leftovers/problems.ts";
import type { Leader } from "../leftovers/problems.ts";
import { requireLeader, topologyNow } from "../topology.ts";

/**
 * Drops databases and users that stack config declared before and no longer does. Its state is the record of what was
 * declared, so anything that was created by hand is never touched. Sessions that began with other privileges are ended. It
 * comes after the pooler: no route leads to a database that is dropped.
 */
export const leftovers: Kind = {
  check: (context, olds, news) => {
    const { declared, ...members } = parseInputs(leftoversInputs, news);
    return previewedProblems(context, members, goneBetween(before(olds), declared), declared);
  },

  apply: async (context, properties, olds) => {
    const { host, prefix, declared } = parseInputs(leftoversInputs, properties);
    const stale = staleEntries(before(olds), declared);
    const gone = goneBetween(before(olds), declared);
    if (stale.length === 0 && gone.databases.length === 0 && gone.users.length === 0) return {};
    const members = { engine: await connectEngine(host), prefix };
    const found = await requireLeader(context, members, `${[...gone.databases, ...gone.users].join(", ")} cannot be dropped`);
    const leader = { engine: members.engine, container: found.container, signal: context.signal };
    for (const { container } of (await topologyNow(members)).members) await endSessions({ ...leader, container }, stale);
    const problems = await leftoverProblems(leader, gone, declared);
    if (problems.length > 0) throw plain(problems);
    const present = await presentOf(leader, gone);
    for (const [name, size] of present.databases) {
      await dropDatabase(leader, name, size, declared);
      context.log("info", `dropped the database ${name} (${size})`);
    }
    for (const name of present.users) {
      await dropUser(leader, name, declared);
      context.log("info", `dropped the user ${name}`);
    }
    return {};
  },
};

/** What was declared when this resource was last updated. */
function before(olds: Readonly<Record<string, unknown>> | undefined): Declaration | undefined {
  return olds === undefined ? undefined : leftoversInputs.safeParse(olds).data?.declared;
}

function plain(problems: readonly string[]): Error {
  const error = new Error(problems.join("\n"));
  error.stack = error.message;
  return error;
}

/** Users who may no longer log in must not keep sessions either. A node that is down has no sessions. */
async function endSessions({ engine, container, signal }: Leader, stale: readonly StaleEntry[]): Promise<void> {
  if (!(await isRunning(engine, container))) return;
  for (const { user, database, isLost } of stale) {
    await runSql(engine, container, endSessionsSql({ user, database, all: isLost }), "postgres", signal);
  }
}

async function dropDatabase(leader: Leader, name: string, size: string, { remove }: Declaration): Promise<void> {
  const run = (sql: string): Promise<string> => runSql(leader.engine, leader.container, sql, "postgres", leader.signal);
  if (!remove.databases.includes(name)) {
    await run(closeDatabaseSql(name));
    // From now on nobody can create a table.
    const tables = await tablesOf(leader, name);
    if (tables !== "") {
      await run(reopenDatabaseSql(name));
      throw plain([databaseProblem(name, size, tables)]);
    }
  }
  await run(dropDatabaseSql(name));
}

async function dropUser(leader: Leader, name: string, { remove }: Declaration): Promise<void> {
  const run = (sql: string, database = "postgres"): Promise<string> =>
    runSql(leader.engine, leader.container, sql, database, leader.signal);
  const word = remove.users[name];
  await run(closeRoleSql(name));
  const { objects } = await propertyOf(leader, name);
  if (objects.length > 0 && word === undefined) {
    await run(reopenRoleSql(name));
    throw plain([objectsProblem(name, objects)]);
  }
  const owners = new Map(objects.map(({ database, owner }) => [database, owner]));
  for (const [database = ""] of await rowsOf(leader, involvedSql(name))) {
    await run(disownSql(name, word === "keep-objects" ? owners.get(database) : undefined), database);
  }
  await run(dropRoleSql(name));
}
