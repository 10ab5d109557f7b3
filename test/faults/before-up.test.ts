import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { Server } from "node:net";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { Deployment } from "../../testing/deployment.ts";
import { freeBlock } from "../../testing/free-block.ts";
import type { RunResult } from "../../testing/run.ts";
import { run } from "../../testing/run.ts";

/** What stands in the way of `up`; each test continues from the one before. */
describe("before and during up", () => {
  let deployment: Deployment;

  beforeAll(async () => {
    deployment = await Deployment.create("staging", { memory: "512MB", exporters: false, checkTimeout: "5s" });
  });
  afterAll(() => deployment?.remove());

  const docker = (...args: string[]): Promise<RunResult> => run("docker", args);
  const container = (service: string): string => deployment.container(service);

  async function expectHealthyAndUnchanged(): Promise<void> {
    expect((await deployment.check(10_000)).findings).toEqual([]);
    await deployment.up("--expect-no-changes");
  }

  /** `up` must fail; its output. */
  async function failedUp(...args: string[]): Promise<string> {
    const { code, output } = await deployment.tryUp(...args);
    expect(code, output).not.toBe(0);
    return output;
  }

  it("an engine that accepts connections and never answers is named within seconds", async () => {
    const other = await Deployment.create("staging", { memory: "512MB", exporters: false });
    const socket = join(other.folder, "silent.sock");
    const silent = await listen(createServer(), socket);
    try {
      other.configure({ dockerHost: `unix://${socket}` });
      const { code, output } = await other.tryUp();
      expect(code).not.toBe(0);
      expect(output).toContain(
        `pgstack:dockerHost: the Docker engine at unix://${socket} cannot be asked which containers and images it has: no answer within 10 s`,
      );
    } finally {
      silent.close();
      await other.remove();
    }
  });

  it("an image that cannot be pulled is named before any container is made", async () => {
    deployment.configure({ images: { postgres: "localhost:1/none:17" } });
    const output = await failedUp();
    expect(output).toContain("unable to pull image localhost:1/none:17");
    expect((await docker("ps", "--all", "--quiet", "--filter", `name=${container("")}`)).stdout).toBe("");
    deployment.configure({ images: undefined });
  });

  it("a data volume that is too small fails the leader's gate with the server's own words", async () => {
    const volume = deployment.dataVolume("pg1");
    // A first attempt, refused further up, may have made an empty one.
    await docker("volume", "rm", volume);
    const small = ["--opt", "type=tmpfs", "--opt", "device=tmpfs", "--opt", "o=size=24m,uid=999,gid=999,mode=0700"];
    await docker("volume", "create", "--driver", "local", ...small, volume);
    const output = await failedUp();
    expect(output).toContain("pg1: not ready: its container ended");
    expect(output).toContain("No space left on device");
    await docker("rm", "--force", container("pg1"));
    await docker("volume", "rm", volume);
    await deployment.up("--refresh");
    await expectHealthyAndUnchanged();
  });

  it("a port that another process took while a node was down is named by the engine, and up continues once it is free", async () => {
    const { target } = (await deployment.outputs()).check;
    const port = target.nodes.find(({ name }) => name === "pg2")?.port ?? 0;
    await docker("rm", "--force", container("pg2"));
    const other = await listen(createServer(), port);
    try {
      expect(await failedUp("--refresh")).toContain(`127.0.0.1:${port}`);
    } finally {
      other.close();
    }
    await deployment.up();
    await expectHealthyAndUnchanged();
  });

  it("a new port that is taken is refused and the cluster continues as it was", async () => {
    const before = (await deployment.outputs()).check.target;
    const { ports } = await freeBlock();
    const other = await listen(createServer(), ports.pooler);
    const own = (await freeBlock()).ports;
    const old = { postgres: before.nodes[0]?.port ?? 0, pooler: before.poolerPort, postgresExporter: own.postgresExporter };
    try {
      deployment.configure({ ports: { ...old, poolerExporter: own.poolerExporter, pooler: ports.pooler } });
      expect(await failedUp()).toContain(`pgstack:ports: port ${ports.pooler} is in use by another process`);
    } finally {
      other.close();
      deployment.configure({ ports: { ...old, poolerExporter: own.poolerExporter } });
    }
    await expectHealthyAndUnchanged();
  });

  it("up is not green when every container is down, and says how to start them", async () => {
    await docker(
      "stop",
      "--time",
      "60",
      container("pgbouncer-1"),
      container("pgbouncer-2"),
      container("pooler"),
      container("pg2"),
      container("pg1"),
    );
    const output = await failedUp();
    expect(output).toContain("nothing of the cluster answers at 127.0.0.1: its containers are on the engine but do not serve");
    expect(output).toContain("cluster-unreachable");
    await deployment.up("--refresh");
    await expectHealthyAndUnchanged();
  });

  it("a wrong passphrase stops every command and changes nothing", async () => {
    const { code, output } = await deployment.runPulumi(["up", "--yes", "--skip-preview", "--stack", deployment.stack], {
      PULUMI_CONFIG_PASSPHRASE: "wrong",
    });
    expect(code).not.toBe(0);
    expect(output.split("\n")[0]).toBe("error: getting stack configuration: get stack secrets manager: incorrect passphrase");
    await expectHealthyAndUnchanged();
  });

  it("a lost state is noticed before anything changes; put back, nothing has changed", async () => {
    const { folder, stack } = deployment;
    renameSync(join(folder, "state"), join(folder, "state.aside"));
    mkdirSync(join(folder, "state"));
    expect((await deployment.pulumi("stack", "init", stack)).code).toBe(0);
    const output = await failedUp();
    expect(output).toContain("containers of this stack's names are on the engine, but Pulumi's state does not know them");
    rmSync(join(folder, "state"), { recursive: true });
    renameSync(join(folder, "state.aside"), join(folder, "state"));
    await expectHealthyAndUnchanged();
  });

  it("a passphrase and state that are lost for good cost the passwords, not the data", async () => {
    const { folder, stack } = deployment;
    await deployment.sql("pg1", "create table kept as select generate_series(1, 1000) as n;", "app");
    const before = await deployment.outputs();
    rmSync(join(folder, "state"), { recursive: true });
    mkdirSync(join(folder, "state"));
    writeFileSync(join(folder, "passphrase"), randomBytes(24).toString("hex"), { mode: 0o600 });
    const stackFile = join(folder, `Pulumi.${stack}.yaml`);
    writeFileSync(stackFile, readFileSync(stackFile, "utf8").replace(/^encryptionsalt:.*\n/m, ""));
    expect((await deployment.pulumi("stack", "init", stack)).code).toBe(0);
    const output = await failedUp();
    // The commands as they are printed.
    const commands = [/docker stop -t 120 [^&\n]+ && docker rm [^\n]+/, /docker network rm \S+/].map(
      (form) => form.exec(output)?.[0] ?? "false",
    );
    for (const command of commands) {
      const done = await run("bash", ["-ec", command]);
      expect(done.code, `${command}: ${done.output}`).toBe(0);
    }
    await deployment.up();
    await expectHealthyAndUnchanged();
    expect(await deployment.sql("pg2", "select count(*) from kept;", "app")).toBe("1000");
    const after = await deployment.outputs();
    expect(after.report.systemIdentifier).toBe(before.report.systemIdentifier);
    expect(after.check.secrets.app).not.toBe(before.check.secrets.app);
  });
});

function listen(server: Server, where: string | number): Promise<Server> {
  const { promise, resolve, reject } = Promise.withResolvers<Server>();
  server.once("error", reject);
  if (typeof where === "string") server.listen(where, () => resolve(server));
  else server.listen(where, "127.0.0.1", () => resolve(server));
  return promise;
}
