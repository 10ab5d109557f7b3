import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { Deployment } from "../../testing/deployment.ts";
import { refusalOf } from "../../testing/refusal.ts";

/** One stack through its life; each step continues from the one before. */
describe("the life of a stack", () => {
  let deployment: Deployment;

  beforeAll(async () => {
    deployment = await Deployment.create("staging", { memory: "512MB" });
    await deployment.up();
  });
  afterAll(() => deployment?.remove());

  const rows = (node: string): Promise<string> => deployment.sql(node, "select count(*) from kept;", "app");

  it("shows no change on a second up, with and without refresh", async () => {
    const second = await deployment.up("--expect-no-changes");
    expect(second.output).toContain("unchanged");
    await deployment.up("--refresh", "--expect-no-changes");
  });

  it("reports a healthy cluster in its outputs", async () => {
    const { report } = await deployment.outputs();
    expect(report.ok).toBe(true);
    expect(report.findings).toEqual([]);
    expect(report.nodes.map(({ name, role }) => `${name} ${role}`)).toEqual(["pg1 leader", "pg2 replica"]);
  });

  it("reloads a changed setting without replacing a container, and the server proves it", async () => {
    const before = await containerIds(deployment);
    // Limits of sessions do not bind the deployment's own, so that it can take them back.
    const limits = { statement_timeout: "1s", lock_timeout: "1s", transaction_timeout: "1s", search_path: "nowhere" };
    deployment.configure({ settings: { work_mem: "7MB", ...limits } });
    const preview = await deployment.preview("--diff");
    expect(preview.output).toContain("+ work_mem = '7MB'");
    await deployment.up();
    expect(await deployment.sql("pg1", "show work_mem;")).toBe("7MB");
    expect(await deployment.sql("pg2", "show work_mem;")).toBe("7MB");
    expect(await containerIds(deployment)).toEqual(before);
  });

  it("restarts servers for a setting that needs it, in the containers that are there", async () => {
    const before = await containerIds(deployment);
    deployment.configure({ settings: { work_mem: "7MB", max_locks_per_transaction: 80 } });
    await deployment.up();
    expect((await deployment.outputs()).report.findings).toEqual([]);
    for (const node of ["pg1", "pg2"]) expect(await deployment.sql(node, "show max_locks_per_transaction;")).toBe("80");
    expect(await containerIds(deployment)).toEqual(before);
  });

  it.each([
    [
      "does not start with",
      { work_mem: "8MB", datestyle: "nonsense", lc_messages: "en_US.UTF-8" },
      [/invalid value for parameter "DateStyle": "nonsense"/, /invalid value for parameter "lc_messages": "en_US\.UTF-8"/],
    ],
    [
      "lets nobody in with",
      { work_mem: "8MB", session_preload_libraries: "pg_hint_plan" },
      [/could not access file "pg_hint_plan": No such file or directory/],
    ],
  ])("refuses a setting that the server %s: what it has stays", async (_what, settings, reasons) => {
    deployment.configure({ settings: { ...settings, max_locks_per_transaction: 80 } });
    const { code, output } = await deployment.tryUp();
    expect(code).not.toBe(0);
    for (const reason of reasons) expect(output).toMatch(reason);
    expect(await deployment.sql("pg1", "show work_mem;")).toBe("7MB");
  });

  it.each([
    ["ssl = 'on'", /could not load server certificate file/],
    ["session_preload_libraries = 'none_such'", /could not access file "none_such"/],
    ["local_preload_libraries = 'none_such'", /could not access file "\$libdir\/plugins\/none_such"/],
    ["lc_messages = 'en_US.UTF-8'", /invalid value for parameter "lc_messages"/],
    ["lc_time = 'en_US.UTF-8'", /invalid value for parameter "lc_time"/],
    ["timezone_abbreviations = 'Nowhere'", /invalid value for parameter "timezone_abbreviations"|could not read time zone file "Nowhere"/],
    ["default_text_search_config = 'pg_catalog.klingon'", /klingon/],
  ])("gives a server no file with %s: the old one stays", async (line, reason) => {
    const told = await refusalOf(deployment, { server: "postgres", service: "pg2" }, { "postgresql.conf": (text) => `${text}\n${line}\n` });
    expect(told).toMatch(/^pgstack-.*-pg2: PostgreSQL does not start and serve with these settings: /);
    expect(told).toMatch(reason);
  });

  it("starts again after what was refused, and continues once it is right", async () => {
    await deployment.engine.getContainer(deployment.container("pg2")).restart();
    // Config is what it was before the failure.
    deployment.configure({ settings: { work_mem: "7MB", max_locks_per_transaction: 80 } });
    await deployment.up();
    for (const node of ["pg1", "pg2"])
      expect(await deployment.sql(node, "select count(*) from pg_file_settings where error is not null;")).toBe("0");
  });

  it("scales up without touching the nodes that are there, and back down, keeping the volume and dropping the slot", async () => {
    await deployment.sql("pg1", "create table kept as select generate_series(1, 1000) as n;", "app");
    const before = await containerIds(deployment);
    deployment.configure({ replicas: 3 });
    await deployment.up();
    const scaled = await containerIds(deployment);
    expect(scaled).toMatchObject(before);
    // Two nodes and a process of the pooler, each with its exporter.
    expect(Object.keys(scaled).length).toBe(Object.keys(before).length + 6);
    expect(await rows("pg4")).toBe("1000");

    deployment.configure({ replicas: 1 });
    await deployment.up();
    expect(await deployment.sql("pg1", "select string_agg(slot_name, ',') from pg_replication_slots;")).toBe("pg2");
    expect(await volumeNames(deployment)).toContain(`pgstack-${deployment.stack}-pg4-data`);
  });

  it("scales to no replica: reads go to the leader", async () => {
    deployment.configure({ replicas: 0 });
    await deployment.up();
    const { report } = await deployment.outputs();
    expect(report.ok).toBe(true);
    expect(report.nodes.map(({ name }) => name)).toEqual(["pg1"]);
    await deployment.up("--expect-no-changes");
  });

  it("adopts a replica's old volume when it can catch up", async () => {
    await deployment.sql("pg1", "insert into kept select generate_series(1, 500);", "app");
    deployment.configure({ replicas: 1 });
    await deployment.up();
    expect(await rows("pg2")).toBe("1500");
  });

  it("finds its data again after destroy and up", async () => {
    const { report } = await deployment.outputs();
    const destroyed = await deployment.destroy();
    expect(destroyed.code).toBe(0);
    expect(await containerIds(deployment)).toEqual({});
    expect(await volumeNames(deployment)).toEqual([1, 2, 3, 4].map((node) => `pgstack-${deployment.stack}-pg${node}-data`));
    await deployment.up();
    expect(await rows("pg1")).toBe("1500");
    expect(await rows("pg2")).toBe("1500");
    expect((await deployment.outputs()).report.systemIdentifier).toBe(report.systemIdentifier);
  });
});

async function containerIds(deployment: Deployment): Promise<Record<string, string>> {
  const prefix = `/pgstack-${deployment.stack}-`;
  const containers = await deployment.engine.listContainers({ all: true });
  return Object.fromEntries(
    containers.flatMap(({ Id, Names }) =>
      Names.filter((name) => name.startsWith(prefix)).map((name) => [name.slice(prefix.length), Id] as const),
    ),
  );
}

async function volumeNames(deployment: Deployment): Promise<readonly string[]> {
  const { Volumes } = await deployment.engine.listVolumes();
  return Volumes.map(({ Name }) => Name)
    .filter((name) => name.startsWith(`pgstack-${deployment.stack}-`))
    .toSorted();
}
