import { randomBytes } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";

import { connectEngine } from "../../src/engine/connect.ts";
import { connectClient } from "../../testing/client.ts";
import { engineHost, linkProject, removeFromEngine } from "../../testing/deployment.ts";
import { freeBlock } from "../../testing/free-block.ts";
import type { RunResult } from "../../testing/run.ts";
import { run } from "../../testing/run.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** `examples/library`: two clusters in a program of someone else. In this order. */
describe("a program with two clusters", () => {
  const stack = `test${randomBytes(3).toString("hex")}`;
  const folder = mkdtempSync(join(tmpdir(), `pgstack-${stack}-`));
  const project = join(folder, "examples/library");

  const pulumi = (...args: readonly string[]): Promise<RunResult> =>
    run("pulumi", [...args, "--stack", stack, "--non-interactive", "--color", "never"], {
      cwd: project,
      env: {
        ...process.env,
        PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
        PULUMI_CONFIG_PASSPHRASE_FILE: join(folder, "passphrase"),
      },
      timeoutMs: 600_000,
    });

  async function succeeds(...args: readonly string[]): Promise<RunResult> {
    const result = await pulumi(...args);
    expect(result.code, result.output).toBe(0);
    return result;
  }

  function configure(config: Readonly<Record<string, unknown>>): void {
    const file = join(project, `Pulumi.${stack}.yaml`);
    const { encryptionsalt } = parse(readFileSync(file, "utf8")) as { readonly encryptionsalt: string };
    writeFileSync(file, stringify({ encryptionsalt, config }));
  }

  async function places(): Promise<Readonly<Record<string, object>>> {
    const [orders, events] = [await freeBlock(), await freeBlock()];
    return { "pgstack:orders": orders, "pgstack:events": events };
  }

  let config: Readonly<Record<string, object>> = {};

  beforeAll(async () => {
    linkProject(folder);
    unlinkSync(join(folder, "examples"));
    cpSync(join(root, "examples/library"), project, { recursive: true, filter: (path) => !path.includes("node_modules") });
    // As npm installs it, with the packages that are here; named so that what it makes is known to be a test's.
    const yaml = join(project, "Pulumi.yaml");
    writeFileSync(yaml, readFileSync(yaml, "utf8").replace("name: shop", "name: pgstack"));
    mkdirSync(join(project, "node_modules"));
    symlinkSync(root, join(project, "node_modules/pgstack"));
    symlinkSync(join(root, "node_modules/@pulumi"), join(project, "node_modules/@pulumi"));
    await succeeds("stack", "init");
    config = await places();
    configure(config);
  });
  afterAll(async () => {
    await removeFromEngine(await connectEngine(engineHost), `pgstack-${stack}-`, `pgstack-${stack}`);
    rmSync(folder, { recursive: true, force: true });
  });

  it("names in one error what is wrong in which of them", async () => {
    configure({ ...config, "pgstack:events": { ...config["pgstack:events"], subnet: "here" } });
    const { code, output } = await pulumi("preview");
    configure(config);
    expect(code).not.toBe(0);
    expect(output).toContain('PostgresCluster "events": pgstack:subnet: "here" is not allowed');
    expect(output).not.toMatch(/\n\s+at .*\.ts:\d+/);
  });

  it("deploys and proves both, each with names, passwords and a network of its own", async () => {
    await succeeds("up", "--yes", "--skip-preview");
    const { stdout } = await succeeds("stack", "output", "--json", "--show-secrets");
    const { ordersUrl, ordersReadUrl, eventsUrl } = JSON.parse(stdout) as Readonly<Record<string, string>>;
    const ask = async (url = "", sql = "select current_setting('cluster_name') as seen"): Promise<unknown> => {
      const client = await connectClient(url, { connectionTimeoutMillis: 30_000, query_timeout: 30_000 });
      try {
        return ((await client.query<{ seen: unknown }>(sql)).rows as { readonly seen: unknown }[])[0]?.seen;
      } finally {
        await client.end();
      }
    };
    expect(await ask(ordersUrl)).toBe("pg1");
    expect(await ask(ordersReadUrl)).toBe("pg2");
    const systems = await Promise.all(
      [ordersUrl, eventsUrl].map((url) => ask(url, "select system_identifier::text as seen from pg_control_system()")),
    );
    expect(new Set(systems).size).toBe(2);
    expect(new URL(ordersUrl ?? "").password).not.toBe(new URL(eventsUrl ?? "").password);
    const names = await run("docker", ["ps", "--format", "{{.Names}}", "--filter", `name=pgstack-${stack}-`]);
    expect(names.stdout.trim().split("\n").toSorted()).toEqual(
      [
        ...[
          "pg1",
          "pg2",
          "pooler",
          "pgbouncer-1",
          "pgbouncer-2",
          "pg1-exporter",
          "pg2-exporter",
          "pgbouncer-1-exporter",
          "pgbouncer-2-exporter",
        ].map((name) => `orders-${name}`),
        ...["pg1", "pooler", "pgbouncer-1", "pgbouncer-2"].map((name) => `events-${name}`),
      ]
        .map((name) => `pgstack-${stack}-${name}`)
        .toSorted(),
    );
  });

  it("changes nothing the next time, and destroys both but their data", async () => {
    await succeeds("up", "--yes", "--skip-preview", "--expect-no-changes");
    await succeeds("destroy", "--yes", "--skip-preview");
    const volumes = await run("docker", ["volume", "ls", "--quiet", "--filter", `name=pgstack-${stack}-`]);
    expect(volumes.stdout.trim().split("\n").toSorted()).toEqual(
      ["events-pg1", "orders-pg1", "orders-pg2"].map((name) => `pgstack-${stack}-${name}-data`),
    );
  });
});
