import { setTimeout as sleep } from "node:timers/promises";

import { poll } from "../../src/deadline.ts";
import type { LoadResult } from "../../testing/load.ts";
import { Load } from "../../testing/load.ts";
import { lostRows } from "../../testing/writer.ts";
import type { Access } from "../lib/access.ts";
import type { BackgroundResult } from "../lib/background-pgbench.ts";
import { BackgroundPgbench } from "../lib/background-pgbench.ts";
import type { ChangeRun } from "../lib/changes-report.ts";
import { changeFigures, changeNotes, changesTable, failedStatements, failuresTable } from "../lib/changes-report.ts";
import { askNode, ComposeCluster, StackCluster } from "../lib/changing-cluster.ts";
import type { ChangingCluster } from "../lib/changing-cluster.ts";
import { withRemoval } from "../lib/clean-up.ts";
import { ClientContainer } from "../lib/client-container.ts";
import type { Change } from "../lib/cluster-changes.ts";
import { changesOf } from "../lib/cluster-changes.ts";
import { ImageTags } from "../lib/image-tags.ts";
import type { Images } from "../lib/images.ts";
import { prepareImages } from "../lib/images.ts";
import { initialise } from "../lib/pgbench.ts";
import type { Target } from "../lib/pgbench.ts";
import type { Outcome } from "../lib/result.ts";
import { interleave } from "../lib/rounds.ts";
import type { Measured } from "../lib/rounds.ts";
import type { Scenario, ScenarioOptions } from "../lib/scenario.ts";
import { timed } from "../lib/timing.ts";

const ways = { pgstack: "pgstack", compose: "Compose in place" } as const;

/** pgbench's scale: about 15 MB. */
const scale = 1;

/** Far below what the machine manages: what is looked for is a failure, not a rate. */
const rates = { write: 100, read: 200 } as const;

/** Statements of each route that must succeed after a change before the clients stop. */
const afterwards = 100;

/** How long that may take, in milliseconds; then the cluster is repaired by hand. */
const settleMs = 30_000;

/** How long pgbench may take to end before that, in milliseconds: its clients may wait for what is about to be repaired. */
const endMs = 5000;

/** Every change without a failed query. */
export const changes: Scenario = {
  name: "changes",
  title: "Changing a cluster in use",
  defaults: { rounds: 3, loadS: 0 },
  method: [
    "Two clusters of the production profile with 2 replicas, one after the other: a stack that pgstack has deployed, and the same cluster " +
      "as the Compose bundle that pgstack renders for it. In each round both are created from scratch, and all changes are made to each, one on top " +
      "of the other, in the order of the table. Timed is from the edit to the end of the last command; clients work before, " +
      `meanwhile, and until ${afterwards} further statements of each route have succeeded. If they have not after ${settleMs / 1000} s, that is noted, counting ends, and the cluster is repaired by hand: in Compose ` +
      "`docker compose restart pgbouncer-1 pgbouncer-2`, in pgstack `pulumi up --refresh`.",
    "pgstack: edit of the stack file, `pulumi up --yes --skip-preview`. Compose in place: the same edit, the bundle is rendered again, " +
      "`docker compose up -d --wait`. That reloads servers and pooler, so nothing else is done for work_mem and the pool size. For " +
      "settings that need a restart `docker compose restart` of all nodes follows, after fewer replicas " +
      "`docker compose up -d --wait --remove-orphans`; changed limits and images are replaced by `up` itself. “Another image” is a " +
      "second name of the same one. “All verifiers renewed” is another number of SCRAM iterations: what a rotation of all passwords does, but that clients keep theirs.",
    "Clients on this machine use both routes of the pooler: on each, four that keep their connection and one that logs in again for every " +
      "statement, with 5 ms between two statements. Nothing is tried again: each error is counted, a client whose connection is gone " +
      "logs in for its next statement. No client gives up waiting before 120 s. At the same time pgbench runs in a container on the cluster's " +
      `network, 4 clients each: simple update through the write route (${rates.write}/s) and select-only through the read route ` +
      `(${rates.read}/s), simple protocol. A client of pgbench whose connection is gone gives up for good; while the ` +
      "pooler itself is replaced they connect again for each transaction (`--connect`, a thread for each). A connection that is closed while its " +
      "client does nothing is no failure: the client notices, as a pool does, and logs in for its next statement. A wait is the longest time of one statement, " +
      "login included; for pgbench of one transaction, from when it was due. Afterwards every confirmed row is looked for on every node.",
  ],
  run,
};

async function run({ rounds, log }: ScenarioOptions): Promise<Outcome> {
  const images = await prepareImages(log);
  return withRemoval(await ImageTags.create(images), async ({ tags }) => {
    const runs: ChangeRun[] = [];
    const list = changesOf(tags);
    const contestant = (way: string, create: () => Promise<ChangingCluster>) => ({
      name: way,
      unit: "s" as const,
      run: async (round: number): Promise<Measured> => {
        const own: Record<string, number> = {};
        await withRemoval(await create(), async (cluster) => {
          await cluster.start();
          const bench = await prepare(cluster, images);
          for (const change of list) {
            const result = { round, way, ...(await measure(bench, change)) };
            runs.push(result);
            own[change.name] = result.seconds;
            log(describe(result));
          }
        });
        return own;
      },
    });
    const series = await interleave(
      [contestant(ways.pgstack, () => StackCluster.create()), contestant(ways.compose, () => ComposeCluster.create())],
      { rounds, log },
    );
    // The order of the table does not depend on who came first in a round.
    const sorted = runs.toSorted((a, b) => place(list, a) - place(list, b));
    const failures = failuresTable(sorted);
    return {
      series,
      figures: changeFigures(sorted, ways.pgstack, ways.compose),
      tables: [changesTable(sorted), ...(failures.rows.length === 0 ? [] : [failures])],
      notes: changeNotes(sorted),
    };
  });
}

function place(list: readonly Change[], { change, way }: ChangeRun): number {
  return 2 * list.findIndex(({ name }) => name === change) + (way === ways.pgstack ? 0 : 1);
}

interface Bench {
  readonly cluster: ChangingCluster;
  readonly access: Access;
  readonly client: ClientContainer;
}

async function prepare(cluster: ChangingCluster, images: Images): Promise<Bench> {
  const access = await cluster.access();
  const client = await ClientContainer.start({ name: `${cluster.prefix}-client`, image: images.postgres, network: cluster.prefix });
  await initialise(client, { host: "pg1", port: 5432, database: access.database, ...access.app }, scale);
  return { cluster, access, client };
}

async function measure(bench: Bench, change: Change): Promise<Omit<ChangeRun, "round" | "way">> {
  const { cluster, access, client } = bench;
  const target = (database: string): Target => ({ host: "pooler", port: 6432, database, ...access.app });
  // pgbench that waits for a login stops its whole thread, in the middle of another client's transaction too.
  const connections = change.effect === "pooler is replaced" ? "--jobs=4 --connect" : "--jobs=1";
  const options = (script: string, rate: number): string =>
    `--builtin=${script} --client=4 ${connections} --protocol=simple --rate=${rate}`;
  const write = BackgroundPgbench.start(client, "write", target(access.routes.write), options("simple-update", rates.write));
  const read = BackgroundPgbench.start(client, "read", target(access.routes.read), options("select-only", rates.read));
  let seconds: number;
  let failure: string | undefined;
  let outage: string | undefined;
  let seen: LoadResult | undefined;
  let ended: Promise<readonly [BackgroundResult, BackgroundResult]> | undefined;
  const load = await Load.start({ writeUrl: urlOf(access, access.routes.write), readUrl: urlOf(access, access.routes.read) });
  try {
    await isWritten(cluster, access.database);
    ({ result: failure, seconds } = await timed(() => cluster.change(change).then(() => undefined, messageOf)));
    if (!(await goesOn(load))) {
      outage = `clients did not work again within ${settleMs / 1000} s: ${mostFrequentFailure(load)}`;
      // What clients meet while the cluster is repaired is not the change's doing.
      seen = structuredClone(load.result);
      ended = Promise.all([write.stop(), read.stop()]);
      await Promise.race([ended, sleep(endMs)]);
      await cluster.repair();
      if (!(await goesOn(load))) throw new Error(`${change.name}, repaired by hand: ${outage}`);
    }
  } finally {
    await load.stop();
  }
  const { acknowledged } = load.result;
  const { write: writes, read: reads, reconnecting } = seen ?? load.result;
  ended ??= Promise.all([write.stop(), read.stop()]);
  const [updates, selects] = await ended;
  const lost = await Promise.all(
    cluster.nodes.map((node) => lostRows({ acknowledged }, (sql) => askNode(cluster, node, sql, access.database))),
  );
  return {
    change: change.name,
    effect: change.effect,
    seconds,
    load: { write: writes, read: reads, reconnecting },
    pgbench: { write: updates, read: selects },
    lost: lost.reduce((sum, { length }) => sum + length, 0),
    unchanged: await unchangedNodes(cluster, change),
    failure,
    outage,
  };
}

/** pgbench's own clients have begun. */
async function isWritten(cluster: ChangingCluster, database: string): Promise<void> {
  const count = (): Promise<string> => askNode(cluster, "pg1", "select count(*) from pgbench_history;", database);
  const initial = await count();
  const more = async (): Promise<true | undefined> => ((await count()) === initial ? undefined : true);
  if ((await poll(more, { everyMs: 100, timeoutMs: settleMs })) === undefined) throw new Error("pgbench does not write");
}

/** A command may return before clients work again; what they still meet belongs to the change. */
async function goesOn(load: Load): Promise<boolean> {
  const { write, read } = load.result;
  const more = (): Promise<true | undefined> => {
    const now = load.result;
    const isFurther = now.write.statements >= write.statements + afterwards && now.read.statements >= read.statements + afterwards;
    return Promise.resolve(isFurther ? true : undefined);
  };
  return (await poll(more, { everyMs: 50, timeoutMs: settleMs })) === true;
}

/** The most frequent message of a route that does not work. */
function mostFrequentFailure({ result: { write, read } }: Load): string {
  const most = [write, read].flatMap(({ failures }) => Object.entries(failures)).toSorted(([, a], [, b]) => b - a)[0];
  return most === undefined ? "they wait" : most[0];
}

async function unchangedNodes(cluster: ChangingCluster, { shows }: Change): Promise<readonly string[]> {
  if (shows === undefined) return [];
  const [name, value] = shows;
  const seen = await Promise.all(
    cluster.nodes.map(async (node) => ({ node, value: await askNode(cluster, node, `show ${name};`, "postgres") })),
  );
  return seen.filter((one) => one.value !== value).map(({ node }) => node);
}

function urlOf({ host, poolerPort, app }: Access, database: string): string {
  return `postgres://${encodeURIComponent(app.user)}:${encodeURIComponent(app.password)}@${host}:${poolerPort}/${database}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function describe(result: ChangeRun): string {
  const { way, change, seconds, load, pgbench, lost, failure, outage } = result;
  const { write, read } = load;
  return (
    `${way}, ${change}: ${seconds.toFixed(1)} s, ${write.statements + read.statements} statements, ${failedStatements(result)} failed, ` +
    `${lost} rows missing, writes waited ${write.longestMs} ms, reads ${read.longestMs} ms; pgbench ` +
    `${pgbench.write.transactions + pgbench.read.transactions} transactions, ${pgbench.write.errors + pgbench.read.errors} errors` +
    (failure === undefined ? "" : `; FAILED: ${failure}`) +
    (outage === undefined ? "" : `; ${outage}`)
  );
}
