import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { poll } from "../../src/deadline.ts";
import { signalInside } from "../../src/engine/signal-inside.ts";
import { planCluster } from "../../src/plan/cluster.ts";
import { hashImages } from "../../src/files/image-hashes.ts";
import { Deployment } from "../../testing/deployment.ts";
import type { Outputs } from "../../testing/deployment.ts";
import type { RunResult } from "../../testing/run.ts";
import { run } from "../../testing/run.ts";
import { SecondEngine, whyNoSecondEngine } from "../../testing/second-engine.ts";
import { aConfig, aContext, root } from "../../testing/stacks.ts";
import type { Written } from "../../testing/writer.ts";
import { lostRows } from "../../testing/writer.ts";

const missing = await whyNoSecondEngine();
if (missing !== undefined) console.warn(`the faults of the engine itself are not tested: ${missing}`);

const monitoring = { prometheus: true, alertmanager: {} };

/** Servers that a signal makes read new files. */
const signalled = ["pgbouncer-1", "prometheus", "alertmanager"];

/** The engine itself goes away; on an engine of its own, since others may use the machine's. */
describe.skipIf(missing !== undefined && process.env["REQUIRE_SECOND_ENGINE"] !== "1")("the engine", () => {
  let engine: SecondEngine;
  let deployment: Deployment;
  let outputs: Outputs;

  beforeAll(async () => {
    const { images } = planCluster(aConfig(), aContext({ imageHashes: hashImages(root) }));
    // Everything but Grafana, which is read by people alone.
    const { grafana: _grafana, ...used } = images;
    const references = Object.fromEntries(Object.entries(used).map(([kind, { reference }]) => [kind, reference]));
    if ((await run("docker", ["image", "inspect", ...Object.values(references)])).code !== 0) await buildImages();
    engine = await SecondEngine.create(Object.values(references));
    const keys = { memory: "512MB", checkTimeout: "5s", images: references, monitoring };
    deployment = await Deployment.create("staging", keys, { engine: engine.host, through: engine.through });
    await deployment.up();
    outputs = await deployment.outputs();
  });
  afterAll(async () => {
    await deployment?.remove();
    await engine?.remove();
  });

  /** `./pgstack check` where the ports are published. */
  const check = (timeout: string): Promise<RunResult> => {
    const [command, ...words] = [...engine.through, "node", "src/cli/main.ts", "check", "--stack", deployment.stack, "--timeout", timeout];
    return run(command, words, { cwd: deployment.folder, env: deployment.environment() });
  };

  /** Writes from before until after; then nothing may be lost and nothing may need a change. */
  async function survives(whatHappens: () => Promise<void>): Promise<void> {
    const [command, ...words] = [...engine.through, "node", fileURLToPath(new URL("../../testing/writer-process.ts", import.meta.url))];
    const writer = spawn(command, [...words, outputs.writeUrl], { stdio: ["pipe", "pipe", "inherit"] });
    const ended = new Promise<void>((resolve) => writer.once("exit", () => resolve()));
    await new Promise<void>((resolve, reject) => {
      writer.stdout.once("data", () => resolve());
      writer.once("exit", () => reject(new Error("the writer could not begin")));
    });
    try {
      await whatHappens();
      const healthy = await check("60s");
      expect(healthy.code, healthy.output).toBe(0);
      writer.stdin.end();
      const [said] = await Promise.all([text(writer.stdout), ended]);
      const written = JSON.parse(said) as Written;
      expect(written.acknowledged.length).toBeGreaterThan(10);
      expect(written.failures).toBeGreaterThan(0);
      for (const node of ["pg1", "pg2"]) expect(await lostRows(written, (sql) => deployment.sql(node, sql, "app"))).toEqual([]);
    } finally {
      writer.kill();
    }
    await deployment.up("--expect-no-changes");
  }

  /** The check while the engine is off, and what `up` says then. */
  async function expectNamed(): Promise<void> {
    const seen = await check("0s");
    expect(seen.code).toBe(10);
    expect(seen.stdout).toContain("cluster-unreachable");
  }

  /** Kills a container's first process and waits until the engine has started it again. */
  async function crashAndReturn(service: string): Promise<void> {
    const container = deployment.engine.getContainer(deployment.container(service));
    const { State, RestartCount } = await container.inspect();
    process.kill(State.Pid, "SIGKILL");
    const returned = async (): Promise<true | undefined> => {
      const now = await container.inspect();
      return now.State.Running && !now.State.Restarting && now.RestartCount > RestartCount ? true : undefined;
    };
    expect(await poll(returned, { everyMs: 100, timeoutMs: 30_000 }), service).toBe(true);
  }

  it("is restarted: the containers come back with it, also those that were signalled to read their files again", async () => {
    deployment.configure({ monitoring: { ...monitoring, scrapeInterval: "5s", alertmanager: { repeatInterval: "3h" } } });
    await deployment.up();
    await signalInside(deployment.engine, deployment.container("pgbouncer-1"), "HUP");
    for (const service of signalled) await crashAndReturn(service);
    expect((await check("60s")).code).toBe(0);
    for (const service of signalled) await signalInside(deployment.engine, deployment.container(service), "HUP");
    await survives(async () => {
      await engine.end("SIGTERM");
      await expectNamed();
      const up = await deployment.tryUp();
      expect(up.code).not.toBe(0);
      expect(up.output).toMatch(/pgstack:dockerHost: the Docker engine at .* cannot be asked which containers and images it has: connect /);
      await engine.start();
    });
  });

  it("is killed: the next one stops the containers, and up --refresh starts them", async () => {
    await survives(async () => {
      await engine.end("SIGKILL");
      const named = async (): Promise<true | undefined> => ((await check("0s")).code === 10 ? true : undefined);
      expect(await poll(named, { everyMs: 100, timeoutMs: 20_000 })).toBe(true);
      await engine.start();
      await deployment.up("--refresh");
    });
  });

  it("is dead when up has work to do: up names it, nothing changes", async () => {
    await engine.end("SIGTERM");
    deployment.configure({ settings: { work_mem: "6MB" } });
    const up = await deployment.tryUp();
    expect(up.code).not.toBe(0);
    expect(up.output).toMatch(/cannot be asked which containers and images it has: connect (ENOENT|ECONNREFUSED).*so nothing was changed/);
    await engine.start();
    await deployment.up();
    expect((await check("60s")).code).toBe(0);
    await deployment.up("--expect-no-changes");
  });
});

/** The machine's engine has them after any deployment. */
async function buildImages(): Promise<void> {
  const any = await Deployment.create("staging", { memory: "512MB", monitoring });
  try {
    await any.up();
  } finally {
    await any.remove();
  }
}
