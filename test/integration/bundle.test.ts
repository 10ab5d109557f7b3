import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { poll } from "../../src/deadline.ts";
import { readVolumeFile, writeVolumeFiles } from "../../src/engine/volume-files.ts";
import { readRoutes, routesFile, routesFiles, withDrained } from "../../src/pgbouncer/routes.ts";
import { BundleProject } from "../../testing/bundle-project.ts";
import { Load } from "../../testing/load.ts";
import { Scrape } from "../../testing/metrics.ts";
import { Prometheus } from "../../testing/prometheus.ts";
import type { RunResult } from "../../testing/run.ts";
import { run } from "../../testing/run.ts";

/** One bundle through its life; each step continues from the one before. */
describe("a bundle", () => {
  let bundle: BundleProject;

  beforeAll(async () => {
    bundle = await BundleProject.create({
      replicas: 1,
      monitoring: { prometheus: true, scrapeInterval: "1s", alertmanager: {} },
    });
    await bundle.render();
    await bundle.up();
  });
  afterAll(() => bundle?.remove());

  const findings = async (): Promise<unknown> => {
    // Prometheus reports the state of a second ago: what has just started again is to be read once more.
    const upToDate = async (): Promise<Awaited<ReturnType<BundleProject["check"]>> | undefined> => {
      const checked = await bundle.check();
      return checked.report.findings.some(({ code }) => code === "prometheus-target-down") ? undefined : checked;
    };
    const { code, report } = (await poll(upToDate, { everyMs: 1000, timeoutMs: 15_000 })) ?? (await bundle.check());
    return { code, findings: report.findings, nodes: report.nodes.map(({ name }) => name) };
  };
  const rows = (node: string): Promise<string> => bundle.sql(node, "select count(*) from kept");

  it("is a file that Compose accepts", async () => {
    expect(await bundle.compose("config", "-q")).toMatchObject({ code: 0, output: "" });
  });

  it("is the declared cluster when `up --wait` returns", async () => {
    expect(await findings()).toEqual({ code: 0, findings: [], nodes: ["pg1", "pg2"] });
  });

  it.each([
    ["pg1", 1],
    ["pg2", undefined],
  ])("gives the figures of %s: heartbeat, disk, replicas", async (node, streaming) => {
    const { stdout } = await bundle.compose("port", `${node}-exporter`, "9187");
    const port = Number(stdout.trim().split(":")[1]);
    const fresh = async (): Promise<Scrape | undefined> => {
      const one = await Scrape.of(port);
      return (one.value("pgstack_heartbeat_age_seconds") ?? 99) < 3 ? one : undefined;
    };
    const scrape = await poll(fresh, { everyMs: 200, timeoutMs: 30_000 });
    expect(scrape?.value("pgstack_node_disk_size_bytes")).toBeGreaterThan(0);
    expect(scrape?.value("pgstack_replicas_streaming")).toBe(streaming);
  });

  it("has the same Prometheus, with rules that can be evaluated and nothing to tell", async () => {
    const { stdout } = await bundle.compose("port", "prometheus", "9090");
    const prometheus = new Prometheus(Number(stdout.trim().split(":")[1]));
    await prometheus.settled(60_000);
    const rules = await prometheus.rules();
    expect(rules.length).toBeGreaterThan(30);
    expect(rules.filter(({ health }) => health !== "ok")).toEqual([]);
    expect(await prometheus.alerts()).toEqual([]);
  });

  it("changes nothing when it is started again", async () => {
    const before = await bundle.running();
    expect(Object.keys(before)).toEqual([
      "alertmanager",
      "pg1",
      "pg1-exporter",
      "pg2",
      "pg2-exporter",
      "pgbouncer-1",
      "pgbouncer-1-exporter",
      "pgbouncer-2",
      "pgbouncer-2-exporter",
      "pooler",
      "prometheus",
    ]);
    await bundle.up();
    expect(await bundle.running()).toEqual(before);
  });

  it("keeps its data when it is taken down", async () => {
    await bundle.sql("pg1", "create table kept as select generate_series(1, 1000) as n");
    await bundle.down();
    expect(await bundle.running()).toEqual({});
    await bundle.up();
    expect(await rows("pg2")).toBe("1000");
    expect(await findings()).toEqual({ code: 0, findings: [], nodes: ["pg1", "pg2"] });
  });

  it("takes a changed setting without replacing a container", async () => {
    const before = await bundle.running();
    await bundle.render({ settings: { work_mem: "7MB" } });
    await bundle.up();
    expect(await bundle.running()).toEqual(before);
    expect([await bundle.sql("pg1", "show work_mem"), await bundle.sql("pg2", "show work_mem")]).toEqual(["7MB", "7MB"]);
  });

  it("takes new passwords from its file; exporters take theirs when they start again", async () => {
    const path = join(bundle.folder, "secrets/passwords.json");
    const before = bundle.passwords();
    const changed = before.reduce(
      (text, password) => text.replace(password, password.split("").toReversed().join("")),
      readFileSync(path, "utf8"),
    );
    writeFileSync(path, changed);
    await bundle.render();
    // Without it the pooler's console would know the old password alone.
    expect((await bundle.compose("run", "--rm", "config")).code).toBe(0);
    for (const process of ["pgbouncer-1", "pgbouncer-2"])
      expect((await bundle.compose("exec", "-T", process, "sh", "-c", "kill -HUP 1")).code).toBe(0);
    await bundle.up();
    expect((await bundle.compose("restart", "pg1-exporter", "pg2-exporter", "pgbouncer-1-exporter", "pgbouncer-2-exporter")).code).toBe(0);
    expect(await findings()).toEqual({ code: 0, findings: [], nodes: ["pg1", "pg2"] });
    expect(bundle.passwords()).not.toEqual(before);
    // Replication comes back with the new one.
    await bundle.sql("pg1", "select count(pg_terminate_backend(pid)) from pg_stat_replication");
    expect(await findings()).toEqual({ code: 0, findings: [], nodes: ["pg1", "pg2"] });
  });

  it("fails with the reason when a server does not accept its files, and continues once that is fixed", async () => {
    await bundle.render({ settings: { work_mem: "7MB", restrict_nonsystem_relation_kind: "nonsense" } });
    const { code } = await bundle.compose("up", "-d", "--wait");
    expect(code).not.toBe(0);
    expect((await bundle.compose("logs", "setup")).output).toMatch(
      /FAILED: pg1: it does not accept its files: postgresql\.conf line \d+[^]*would not start with these: do not restart it/,
    );
    await bundle.render();
    await bundle.up();
    expect(await findings()).toEqual({ code: 0, findings: [], nodes: ["pg1", "pg2"] });
  });

  it("fails in the same way when only a start would take the setting, which the server does not tell from one that waits", async () => {
    const before = await bundle.running();
    await bundle.render({ settings: { debug_io_direct: "nonsense" } });
    expect((await bundle.compose("up", "-d", "--wait")).code).not.toBe(0);
    const { output } = await bundle.compose("logs", "--tail", "5", "setup");
    expect(output).toMatch(/FAILED: pg1: it does not accept its files: postgresql\.conf line \d+: .*\(debug_io_direct\)/);
    expect(output).toContain("Correct the setting in the stack file");
    expect(output).not.toContain("the cluster is what was declared");
    await bundle.render();
    await bundle.up();
    expect(await bundle.running()).toEqual(before);
  });

  it("fails while a setting waits for a restart, and tells which nodes to restart, in which order", async () => {
    await bundle.render({ settings: { max_locks_per_transaction: 80 } });
    expect((await bundle.compose("up", "-d", "--wait")).code).not.toBe(0);
    const { output } = await bundle.compose("logs", "--tail", "5", "setup");
    expect(output).toContain("FAILED: pg2, pg1: runs with other settings than postgresql.conf has");
    expect(output).toContain("max_locks_per_transaction (64, the file has 80)");
    expect(output).toContain("docker compose restart pg2, then docker compose restart pg1");
    for (const node of ["pg2", "pg1"]) expect((await bundle.compose("restart", node)).code).toBe(0);
    await bundle.up();
    expect(await bundle.sql("pg1", "show max_locks_per_transaction")).toBe("80");
    expect(await findings()).toEqual({ code: 0, findings: [], nodes: ["pg1", "pg2"] });
    await bundle.render();
    // Lowered: the leader comes first, and its replicas once they have replayed that.
    for (const node of ["pg1", "pg2"]) {
      expect((await bundle.compose("up", "-d", "--wait")).code).not.toBe(0);
      expect((await bundle.compose("logs", "--tail", "2", "setup")).output).toContain(`docker compose restart ${node}`);
      await bundle.compose("restart", node);
    }
    await bundle.up();
  });

  it("keeps a node out of its routes that somebody has drained, and writes routes that are not whole", async () => {
    const { Image } = await bundle.engine.getContainer(`${bundle.prefix}-pgbouncer-1`).inspect();
    const volume = `${bundle.prefix}-pooler-config`;
    const read = async (): Promise<string> => (await readVolumeFile(bundle.engine, volume, Image, routesFile)) ?? "";
    const write = (content: string): Promise<void> =>
      writeVolumeFiles(bundle.engine, volume, Image, [{ path: routesFile, mode: 0o644, content }]);
    const whole = await read();
    const routes = readRoutes(whole);
    if (routes === undefined) throw new Error("no routes");
    const drained = routesFiles(withDrained(routes, "pg2", "operator"))[0]?.content ?? "";
    await write(drained);
    await bundle.up();
    expect(await read()).toBe(drained);
    expect((await bundle.compose("logs", "setup")).output).toContain("kept out: pg2 (operator)");
    await write(whole.split("\n").slice(0, 4).join("\n"));
    await bundle.up();
    expect(await read()).toBe(whole);
    expect(await findings()).toEqual({ code: 0, findings: [], nodes: ["pg1", "pg2"] });
  });

  it("takes another image of the pooler without refusing a client", async () => {
    const { pooler: held, "pgbouncer-1": first, "pgbouncer-2": second } = await bundle.running();
    const image = (await bundle.engine.getContainer(`${bundle.prefix}-pgbouncer-1`).inspect()).Config.Image;
    const repo = `pgstack-test/${bundle.stack}-pooler`;
    await bundle.engine.getImage(image).tag({ repo, tag: "other" });
    const { reconnecting } = await Load.during({ ...bundle.urls(), clients: 0, reconnecting: 2 }, async () => {
      await bundle.render({ images: { pooler: `${repo}:other` } });
      await bundle.up();
    });
    const { failures, closed } = reconnecting;
    expect({ failures, closed }).toEqual({ failures: {}, closed: 0 });
    const now = await bundle.running();
    expect(now["pooler"]).toBe(held);
    expect(now["pgbouncer-1"]).not.toBe(first);
    expect(now["pgbouncer-2"]).not.toBe(second);
    await bundle.render();
    await bundle.up();
    await bundle.engine.getImage(`${repo}:other`).remove();
  });

  it("scales up without touching nodes and pooler", async () => {
    const { pg1, pg2, pooler, "pgbouncer-1": first, "pgbouncer-2": second } = await bundle.running();
    await bundle.render({ replicas: 2 });
    await bundle.up();
    expect(await bundle.running()).toMatchObject({ pg1, pg2, pooler, "pgbouncer-1": first, "pgbouncer-2": second });
    expect(await rows("pg3")).toBe("1000");
    expect(await findings()).toEqual({ code: 0, findings: [], nodes: ["pg1", "pg2", "pg3"] });
  });

  it("writes to the leader whatever the order in which containers start", async () => {
    const nodes = ["pg1", "pg2", "pg3"].map((node) => bundle.engine.getContainer(`${bundle.prefix}-${node}`));
    for (const node of nodes) await node.stop({ t: 60 });
    // With free addresses the first one up would get the leader's.
    for (const node of nodes.toReversed()) await node.start();
    expect(await findings()).toEqual({ code: 0, findings: [], nodes: ["pg1", "pg2", "pg3"] });
  });

  it("scales down: out of the read route first, then gone with its slot; the data stays", async () => {
    const { pg1, pg2, pg3, pooler, "pgbouncer-1": first, "pgbouncer-2": second } = await bundle.running();
    await bundle.render({ replicas: 1 });
    await bundle.up();
    expect(await bundle.running()).toMatchObject({ pg1, pg2, pg3, pooler, "pgbouncer-1": first, "pgbouncer-2": second });
    await bundle.up("--remove-orphans");
    expect(Object.keys(await bundle.running())).not.toContain("pg3");
    expect(await bundle.sql("pg1", "select string_agg(slot_name, ',') from pg_replication_slots")).toBe("pg2");
    expect(await findings()).toEqual({ code: 0, findings: [], nodes: ["pg1", "pg2"] });
    const { Volumes } = await bundle.engine.listVolumes();
    expect(Volumes.map(({ Name }) => Name)).toContain(`${bundle.prefix}-pg3-data`);
  });

  it("takes a replica's old volume over when it can catch up", async () => {
    await bundle.sql("pg1", "insert into kept select generate_series(1, 500)");
    await bundle.render({ replicas: 2 });
    await bundle.up();
    expect(await rows("pg3")).toBe("1500");
    expect(await findings()).toEqual({ code: 0, findings: [], nodes: ["pg1", "pg2", "pg3"] });
  });

  it("names the reason at once when a node refuses to start", async () => {
    const { Image: image } = await bundle.engine.getContainer(`${bundle.prefix}-pg3`).inspect();
    await bundle.down();
    const volume = `${bundle.prefix}-pg3-data:/data`;
    const move = (from: string, to: string): Promise<RunResult> =>
      run("docker", ["run", "--rm", "--network", "none", "-v", volume, "--entrypoint", "mv", image, `/data/${from}`, `/data/${to}`]);
    expect(await move("pgdata/standby.signal", "away")).toMatchObject({ code: 0 });
    const began = performance.now();
    expect((await bundle.compose("up", "-d", "--wait")).code).not.toBe(0);
    expect(performance.now() - began).toBeLessThan(60_000);
    const { output } = await bundle.compose("logs", "setup");
    expect(output).toContain("FAILED: pg3: the data is a leader's, but pg3 was a replica when it started last, and was not promoted since");
    expect(await move("away", "pgdata/standby.signal")).toMatchObject({ code: 0 });
    await bundle.up();
  });

  it("has no password or verifier in what the engine and Compose show", async () => {
    const shown = await Promise.all([
      bundle.compose("config"),
      bundle.compose("logs"),
      bundle.compose("top"),
      bundle.compose("ps", "-a", "--format", "json"),
    ]);
    const containers = (await bundle.engine.listContainers({ all: true })).filter(({ Names }) =>
      Names.some((name) => name.startsWith(`/${bundle.prefix}-`)),
    );
    expect(containers.length).toBeGreaterThan(10);
    const inspected = await Promise.all(containers.map(({ Id }) => bundle.engine.getContainer(Id).inspect()));
    const text = [...shown.map(({ output }) => output), JSON.stringify(inspected)].join("\n");
    // Their numbers: a failing test must not print them either.
    expect(bundle.passwords().flatMap((password, index) => (text.includes(password) ? [index] : []))).toEqual([]);
    expect(text).not.toContain("SCRAM-SHA-256$");
  });

  it("has secrets in files of their readers alone", async () => {
    const list = async (service: string): Promise<string> =>
      (await bundle.compose("exec", "-T", service, "find", "/etc/pgstack", "-type", "f", "-printf", "%f %m %U:%G\n")).stdout;
    expect((await list("pg2")).trim().split("\n").toSorted()).toEqual([
      "heartbeat.pl 644 999:999",
      "node.env 644 999:999",
      "node.sh 644 999:999",
      "pg_hba.conf 644 999:999",
      "pg_ident.conf 644 999:999",
      "postgresql.conf 644 999:999",
      "replicator.pgpass 400 999:999",
    ]);
    expect(await list("pgbouncer-1")).toContain("userlist.txt 600 999:999");
    expect(await list("pg1-exporter")).toContain("monitoring.password 400 999:999");
  });
});

it("a bundle without replicas and exporters is proven too when `up --wait` returns", async () => {
  const bundle = await BundleProject.create({ replicas: 0, exporters: false });
  try {
    await bundle.render();
    await bundle.up();
    const { code, report } = await bundle.check();
    expect({ code, findings: report.findings }).toEqual({ code: 0, findings: [] });
    await bundle.down();
  } finally {
    await bundle.remove();
  }
});

it("a bundle goes on with a node that was promoted, and has the others follow it", async () => {
  const bundle = await BundleProject.create({ replicas: 2, exporters: false });
  try {
    await bundle.render();
    await bundle.up();
    await bundle.sql("pg1", "create table kept as select 1 as n");
    expect((await bundle.compose("rm", "-sf", "pg1")).code).toBe(0);
    await bundle.sql("pg3", "select pg_promote()");
    const { pg2 } = await bundle.running();
    await bundle.engine.getVolume(`${bundle.prefix}-pg1-data`).remove();
    await bundle.up();
    const { output } = await bundle.compose("logs", "setup");
    expect(output).toContain("writes lead to pg3 from now on, no longer to pg1");
    expect(output).toContain("pg1 streams from pg3");
    expect(output).toContain("pg2 streams from pg3");
    expect((await bundle.running())["pg2"]).toBe(pg2);
    const { report } = await bundle.check();
    expect(report.findings.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(report.nodes.map(({ name, role }) => [name, role])).toEqual([
      ["pg1", "replica"],
      ["pg2", "replica"],
      ["pg3", "leader"],
    ]);
  } finally {
    await bundle.remove();
  }
});
