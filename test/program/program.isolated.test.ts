import { spawnSync } from "node:child_process";

import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { Recorder, valueOf } from "../../testing/pulumi.ts";
import { fakeSecrets, pulumiConfig, root, stackPlan, stacks } from "../../testing/stacks.ts";

type Program = { readonly default: () => Record<string, unknown> };

// What runs on this machine's engine is no part of the program's outputs.
vi.mock("../../src/engine/on-engine.ts", () => ({ engineBefore: () => Promise.resolve(undefined) }));

/** Runs index.ts as Pulumi does, with the given config of one stack; its outputs are read when everything is registered. */
async function runProgram(
  stack: string,
  config: Readonly<Record<string, string>>,
): Promise<{ outputs: Record<string, unknown>; recorder: Recorder }> {
  const recorder = await Recorder.start(stack);
  pulumi.runtime.setAllConfig({ ...config }, []);
  const { default: program } = (await import("../../index.ts")) as Program;
  const outputs = await recorder.run(program);
  return { outputs, recorder };
}

beforeEach(() => {
  vi.resetModules();
});

describe.each(stacks)("the program with Pulumi.%s.yaml", (stack) => {
  const plan = stackPlan(stack);
  const { app, pgbouncer } = fakeSecrets.passwords;
  const url = (port: number, name: string): string => `postgresql://app:${app}@127.0.0.1:${port}/${name}`;
  const { nodes, pooler } = plan;
  const portOf = (node: string): number => nodes.find(({ name }) => name === node)?.hostPort ?? 0;

  it("gives these outputs, secret where they hold a password", async () => {
    const { outputs } = await runProgram(stack, pulumiConfig(stack));
    const values = new Map<string, { readonly value: unknown; readonly secret: boolean }>();
    for (const [name, output] of Object.entries(outputs)) values.set(name, await valueOf(pulumi.output(output)));

    const secret = (value: unknown): unknown => ({ value, secret: true });
    const clear = (value: unknown): unknown => ({ value, secret: false });
    expect([...values.keys()].toSorted()).toEqual(
      [
        "adminUrl",
        "adminUrls",
        "check",
        "directUrl",
        "dotenv",
        "nodeUrls",
        "nodes",
        "ports",
        "readUrl",
        "report",
        "writeUrl",
        ...(plan.monitoring === undefined ? [] : ["monitoring"]),
      ].toSorted(),
    );
    expect(values.get("writeUrl")).toEqual(secret(url(pooler.hostPort, "app")));
    expect(values.get("readUrl")).toEqual(secret(url(pooler.hostPort, "app_ro")));
    const hosts = nodes.map(({ hostPort }) => `127.0.0.1:${hostPort}`).join(",");
    const direct = url(portOf("pg1"), "app").replace(/127\.0\.0\.1:\d+/, hosts) + "?target_session_attrs=read-write";
    expect(values.get("directUrl")).toEqual(secret(direct));
    const consoles = pooler.processes.map(({ hostPort }) => `postgresql://pgbouncer:${pgbouncer}@127.0.0.1:${hostPort}/pgbouncer`);
    expect(values.get("adminUrl")).toEqual(secret(consoles[0]));
    expect(values.get("adminUrls")).toEqual(secret(consoles));
    expect(values.get("nodeUrls")).toEqual(secret(Object.fromEntries(nodes.map(({ name }) => [name, url(portOf(name), "app")]))));
    expect(values.get("dotenv")).toEqual(
      secret(
        [
          `DATABASE_URL='${url(pooler.hostPort, "app")}'`,
          `DATABASE_REPLICA_URL='${url(pooler.hostPort, "app_ro")}'`,
          `DATABASE_DIRECT_URL='${direct}'`,
          ...nodes.map(({ name }) => `DATABASE_${name.toUpperCase()}_URL='${url(portOf(name), "app")}'`),
          "",
        ].join("\n"),
      ),
    );
    expect(values.get("ports")).toEqual(
      clear({
        pooler: pooler.hostPort,
        processes: Object.fromEntries(pooler.processes.map(({ number, hostPort }) => [`pgbouncer-${number}`, hostPort])),
        nodes: Object.fromEntries(nodes.map(({ name, hostPort }) => [name, hostPort])),
        exporters: {
          ...Object.fromEntries((plan.exporters?.nodes ?? []).map(({ node, hostPort }) => [node, hostPort])),
          ...Object.fromEntries((plan.exporters?.processes ?? []).map(({ number, hostPort }) => [`pgbouncer-${number}`, hostPort])),
        },
      }),
    );
    expect(values.get("nodes")).toEqual(
      clear(
        nodes.map(({ name }) => ({
          name,
          container: `pgstack-${stack}-${name}`,
          dataVolume: `pgstack-${stack}-${name}-data`,
        })),
      ),
    );
    expect(values.get("report")).toEqual(clear({ ok: true }));
    expect(values.get("check")).toMatchObject({
      secret: true,
      value: { secrets: fakeSecrets.passwords, target: { stack } },
    });
  });

  it("registers every node of the plan under the stack's names", async () => {
    const { recorder } = await runProgram(stack, pulumiConfig(stack));
    const names = recorder.ofType("docker:index/container:Container").map(({ inputs }) => inputs["name"]);
    expect(names).toEqual(expect.arrayContaining([...nodes.map(({ name }) => name), "pooler"].map((name) => `pgstack-${stack}-${name}`)));
  });

  it("names images by the real contents of images/", async () => {
    const { recorder } = await runProgram(stack, pulumiConfig(stack));
    expect(recorder.find("docker:index/remoteImage:RemoteImage", "image-postgres").inputs["name"]).toMatch(
      /^pgstack\/postgres:17-[0-9a-f]{12}$/,
    );
  });
});

describe("the program", () => {
  it("reads keys of its own namespace alone", async () => {
    const { outputs } = await runProgram("staging", { ...pulumiConfig("staging"), "aws:region": "eu-central-1", "docker:host": "tcp://x" });
    expect((outputs["ports"] as { readonly pooler: number }).pooler).toBe(16_432);
  });

  it("rejects an invalid config with one RunError that lists all problems, before anything is registered", async () => {
    const config = { ...pulumiConfig("staging"), "pgstack:replicas": "many", "pgstack:workload": "desktop", "pgstack:leeder": "pg1" };
    const recorder = await Recorder.start("staging");
    pulumi.runtime.setAllConfig(config, []);
    const { default: program } = (await import("../../index.ts")) as Program;
    const error = errorOf(program);
    expect(pulumi.RunError.isInstance(error)).toBe(true);
    expect(error.message).toBe(`Pulumi.staging.yaml is not valid
Pulumi.staging.yaml: pgstack:leeder: unknown key
  fix: did you mean \`leader\`?
Pulumi.staging.yaml: pgstack:replicas: "many" is not allowed
  fix: use a whole number
Pulumi.staging.yaml: pgstack:workload: "desktop" is not allowed
  fix: use one of web, oltp, dw, mixed`);
    expect(recorder.registrations).toEqual([]);
  });

  it("rejects broken relations with one RunError too", async () => {
    await Recorder.start("staging");
    pulumi.runtime.setAllConfig({ "pgstack:leader": "pg3", "pgstack:memory": "64MB" }, []);
    const { default: program } = (await import("../../index.ts")) as Program;
    const error = errorOf(program);
    expect(pulumi.RunError.isInstance(error)).toBe(true);
    expect(error.message).toBe(`Pulumi.staging.yaml is not valid
Pulumi.staging.yaml: pgstack:leader: "pg3" is not a node of this stack: with replicas 1 there are pg1, pg2
  fix: name one of them, or raise replicas to at least 2
Pulumi.staging.yaml: pgstack:memory: "64MB" is too little for a PostgreSQL server
  fix: use at least 256MB`);
  });
});

function errorOf(action: () => unknown): Error {
  try {
    action();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("no error was thrown");
}

describe("entry.js", () => {
  /** Runs entry.js in a Node that says it is another version. */
  function start(version: string): { status: number | null; stdout: string; stderr: string } {
    const fake = `Object.defineProperty(process.versions, "node", { value: "${version}" });
      Object.defineProperty(process, "version", { value: "v${version}" });`;
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ["--import", `data:text/javascript,${encodeURIComponent(fake)}`, `${root}/entry.js`],
      { cwd: root, encoding: "utf8" },
    );
    return { status, stdout, stderr };
  }

  it.each(["22.18.0", "20.11.1", "8.17.0"])("refuses Node %s with one line that says what to do", (version) => {
    expect(start(version)).toEqual({
      status: 1,
      stdout: "",
      stderr: `pgstack needs Node 24 or newer; this is v${version} (${process.execPath}). Run: eval "$(make -s env)"\n`,
    });
  });

  it.each(["24.0.0", "26.1.0"])("loads the program in Node %s", (version) => {
    expect(start(version)).toEqual({ status: 0, stdout: "", stderr: "" });
  });

  it("exports the program as a function", async () => {
    const { default: program } = (await import(`${root}/entry.js`)) as { readonly default: unknown };
    expect(program).toBeTypeOf("function");
  });
});
