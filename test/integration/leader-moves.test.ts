import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { CheckReport } from "../../src/check/result.ts";
import { findLeader } from "../../src/check/observe/leader.ts";
import { runProgram } from "../../src/cli/program.ts";
import { databasesCommand } from "../../src/cli/inventory.ts";
import { statusCommand } from "../../src/cli/status.ts";
import { topCommand } from "../../src/cli/top.ts";
import { poll } from "../../src/deadline.ts";
import { readDatabases, readUsers } from "../../src/inventory/read.ts";
import type { ClusterStatus } from "../../src/status/model.ts";
import { observeStatus } from "../../src/status/observe/cluster.ts";
import { gatherPage } from "../../src/status/page/gather.ts";
import { readTop } from "../../src/top/read.ts";
import { Deployment } from "../../testing/deployment.ts";
import type { Outputs } from "../../testing/deployment.ts";
import { run } from "../../testing/run.ts";

/** Another node leads than at the last deployment, and nothing is deployed since: every command notices it. In this order. */
describe("a leader that moves", () => {
  let deployment: Deployment;
  let outputs: Outputs;

  beforeAll(async () => {
    deployment = await Deployment.create("staging", { replicas: 2, memory: "512MB", exporters: false });
    await deployment.up();
    outputs = await deployment.outputs();
  });
  afterAll(() => deployment?.remove());

  const docker = async (...args: readonly string[]): Promise<string> => {
    const result = await run("docker", args);
    expect(result.code, result.output).toBe(0);
    return result.stdout.trim();
  };

  async function call(...args: readonly string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
    const { target, secrets } = outputs.check;
    const load = { load: () => Promise.resolve({ target, secrets }), loadBundle: () => ({ target, secrets }) };
    const commands = [
      statusCommand({ ...load, observe: observeStatus, gather: gatherPage }),
      topCommand({ ...load, read: readTop, findLeader }),
      databasesCommand({ ...load, readDatabases, readUsers, findLeader }),
    ];
    let out = "";
    let err = "";
    const io = {
      out: (text: string) => void (out += text),
      err: (text: string) => void (err += text),
      isTerminal: false,
      signal: new AbortController().signal,
    };
    return { code: await runProgram([...args, "--stack", "x"], io, commands), out, err };
  }

  const status = async (): Promise<ClusterStatus> => JSON.parse((await call("status", "--json")).out) as ClusterStatus;
  const states = ({ nodes }: ClusterStatus): readonly string[] => nodes.map(({ name, role, state }) => `${name} ${role} ${state}`);

  /** Waits until the check finds this and nothing else: a busy machine may not answer in time at first. */
  async function sees(...expected: readonly string[]): Promise<CheckReport> {
    let last: CheckReport | undefined;
    const found = await poll(
      async () => {
        last = await deployment.check(2500);
        return last.findings.map(({ code, node }) => `${code} ${node}`).join() === expected.join() ? last : undefined;
      },
      { everyMs: 200, timeoutMs: 45_000 },
    );
    if (found === undefined) throw new Error(`the check finds ${JSON.stringify(last?.findings, undefined, 2)}`);
    return found;
  }

  /** What libpq reaches by `directUrl`. */
  async function direct(): Promise<string> {
    const { Config } = await deployment.engine.getContainer(deployment.container("pg2")).inspect();
    const psql = ["psql", "--no-psqlrc", "--tuples-only", "--no-align", "--dbname", outputs.directUrl];
    const ask = [...psql, "--command", "select current_setting('cluster_name')"];
    return docker("run", "--rm", "--network", "host", "--entrypoint", "", Config.Image, ...ask);
  }

  it("is the first node after a deployment", async () => {
    expect(outputs.report.nodes.map(({ name, role }) => `${name} ${role}`)).toEqual(["pg1 leader", "pg2 replica", "pg3 replica"]);
    expect(states(await status())).toEqual(["pg1 leader writable", "pg2 replica streaming", "pg3 replica streaming"]);
    expect(await direct()).toBe("pg1");
  });

  it("is seen to be down, and to have led last, by what its replicas follow", async () => {
    await docker("stop", "--time", "60", deployment.container("pg1"));
    await sees("node-unreachable pg1");
    const seen = await status();
    expect(seen).toMatchObject({ leader: null, ledLast: "pg1" });
    expect(seen.problems[0]?.text).toContain("it led last: no node takes writes");
    const top = await call("top");
    expect(top.code).toBe(2);
    expect(top.err).toContain("no node takes writes: pg1 does not answer");
  });

  it("is the replica that was promoted, and the node before it is named with the way", async () => {
    await deployment.sql("pg2", "select pg_promote();");
    // Its start script asks who leads.
    await docker("restart", "--time", "60", deployment.container("pg3"));
    const moved = ["pg1 null no answer", "pg2 leader writable", "pg3 replica streaming"];
    const isMoved = async (): Promise<true | undefined> => (states(await status()).join() === moved.join() ? true : undefined);
    expect(await poll(isMoved, { everyMs: 200, timeoutMs: 30_000 }), states(await status()).join()).toBe(true);

    const { findings, nodes } = await sees("former-leader pg1");
    expect(findings[0]?.observed).toMatch(/^pg2 leads since \d{4}-\d\d-\d\d .* UTC, timeline 2; pg1 was the leader and does not answer/);
    expect(findings[0]?.action).toContain("Do not start pg1. To continue with pg2:");
    expect(nodes.map(({ name, role, timeline }) => `${name} ${role} ${timeline}`)).toEqual([
      "pg1 undefined undefined",
      "pg2 leader 2",
      "pg3 replica 2",
    ]);
  });

  it("is asked by every command, and reached by the output that was there before", async () => {
    const seen = await status();
    expect(seen.leader).toBe("pg2");
    expect(seen.slots.map(({ name, state }) => `${name} ${state}`)).toEqual(["pg1 missing", "pg3 active"]);
    expect(seen.problems.find(({ where }) => where === "pg1")?.text).toMatch(/it led before: pg2 leads since .* UTC, timeline 2/);
    expect(JSON.parse((await call("top", "--json")).out)).toMatchObject({ node: "pg2" });
    await deployment.sql("pg2", "create database byhand;");
    expect((await call("databases")).out).toContain("byhand");
    expect(await direct()).toBe("pg2");
  });
});
