import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { poll } from "../../src/deadline.ts";
import { Deployment } from "../../testing/deployment.ts";
import { reclone } from "../../testing/reclone.ts";
import { run } from "../../testing/run.ts";

/** The leader is lost, a replica was promoted by hand, and stack config comes to follow it. */
describe("a replica that was promoted while the leader was down", () => {
  let deployment: Deployment;

  beforeAll(async () => {
    deployment = await Deployment.create("staging", { replicas: 2, memory: "512MB", exporters: false });
    await deployment.up();
    await deployment.sql(
      "pg1",
      "create table kept (n int primary key); alter table kept owner to app; insert into kept values (1);",
      "app",
    );
    await docker("stop", "--time", "60", deployment.container("pg1"));
    await deployment.sql("pg2", "select pg_promote();");
    await deployment.sql("pg2", "insert into kept values (2);", "app");
  });
  afterAll(() => deployment?.remove());

  const docker = async (...args: readonly string[]): Promise<string> => {
    const result = await run("docker", args);
    expect(result.code, result.output).toBe(0);
    return result.stdout.trim();
  };
  const isRunning = (node: string): Promise<string> => docker("inspect", "--format", "{{.State.Running}}", deployment.container(node));
  const rows = (node: string): Promise<string> => deployment.sql(node, "select string_agg(n::text, ',' order by n) from kept;", "app");

  async function refused(words: string, ...attempts: readonly ReturnType<Deployment["preview"]>[]): Promise<void> {
    for (const attempt of attempts) {
      const { code, output } = await attempt;
      expect(code, output).not.toBe(0);
      expect(output).toContain(words);
      expect(await isRunning("pg1")).toBe("false");
    }
  }

  it("is told in preview, in up and by the check, although no key changed; the old leader stays down", async () => {
    const words =
      /pg2 leads since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, timeline 2; pg1 was the leader until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/;
    const { code, output } = await deployment.preview();
    expect(code).not.toBe(0);
    expect(output.replaceAll(/\s+/g, " ")).toMatch(words);
    expect(output).toMatch(/What pg1 wrote after WAL position [0-9A-F]+\/[0-9A-F]+ is on pg1 alone/);
    await refused("pg2 leads since", deployment.preview("--refresh"));
    await refused("pg2 leads since", deployment.tryUp("--refresh"));
    const { findings } = await deployment.check(1000);
    expect(findings.map((finding) => `${finding.code} ${finding.node}`)).toEqual(["another-leader pg2"]);
    expect(findings[0]?.observed).toMatch(/^pg2 leads since .* UTC, timeline 2; pg1 was the leader and does not answer$/);
    expect(findings[0]?.action).toContain("Do not start pg1. To go on with pg2: pulumi config set leader pg2");
    expect(await isRunning("pg1")).toBe("false");
  });

  it("is followed by stack config, which names no other node and gives up the old leader's data in words", async () => {
    deployment.configure({ leader: "pg3" });
    await refused("cannot change from pg1 to pg3: pg2 leads since", deployment.tryUp());
    deployment.configure({ leader: "pg2" });
    await refused("pg1 led before pg2 and holds a leader's data", deployment.preview());
    const kept = await reclone(deployment, "pg1");
    expect(kept.code, kept.output).toBe(2);
    expect(kept.output).toContain("pg1 holds a leader's data: what pg1 wrote after WAL position");
    const done = await reclone(deployment, "pg1", "--give-up-rows");
    expect(done.code, done.output).toBe(0);
    expect(await docker("exec", deployment.container("pg1"), "ls", "/var/lib/postgresql/data")).toMatch(/pgdata\.aside-\d{8}T\d{6}Z/);
    expect(
      await deployment.sql("pg2", "select string_agg(application_name, ',' order by application_name) from pg_stat_replication;"),
    ).toBe("pg1,pg3");
    await deployment.up("--expect-no-changes");
    expect((await deployment.check(5000)).findings).toEqual([]);
  });

  it("takes the writes of the write route, and its replicas have them", async () => {
    const client = new pg.Client({ connectionString: (await deployment.outputs()).writeUrl });
    await client.connect();
    const { rows: names } = await client.query<{ name: string }>("select current_setting('cluster_name') as name");
    await client.query("insert into kept values (3)");
    await client.end();
    expect(names).toEqual([{ name: "pg2" }]);
    for (const node of ["pg1", "pg2", "pg3"]) {
      const seen = await poll(async () => ((await rows(node)) === "1,2,3" ? true : undefined), { everyMs: 50, timeoutMs: 10_000 });
      expect(seen, `${node}: ${await rows(node)}`).toBe(true);
    }
  });

  it("loses a replica and gets it back, as any leader does", async () => {
    deployment.configure({ replicas: 1 });
    await deployment.up();
    expect(await deployment.sql("pg2", "select string_agg(slot_name, ',') from pg_replication_slots;")).toBe("pg1");
    deployment.configure({ replicas: 2 });
    await deployment.up();
    expect(await rows("pg3")).toBe("1,2,3");
  });

  it("is refused under another name, which would begin an empty cluster, and goes on under its own", async () => {
    const { stack } = deployment;
    const other = `${stack}b`;
    const rename = async (from: string, to: string): Promise<void> => {
      const { code, output } = await deployment.pulumi("stack", "rename", to, "--stack", from);
      expect(code, output).toBe(0);
    };
    await rename(stack, other);
    try {
      for (const command of [["preview"], ["up", "--yes", "--skip-preview"]]) {
        const { code, output } = await deployment.pulumi(...command, "--stack", other);
        expect(code, output).not.toBe(0);
        expect(output.replaceAll(/\s+/g, " ")).toContain(
          `cannot change from pgstack-${stack} to pgstack-${other}: refused, because the cluster's data is in volumes of the first name`,
        );
        expect(await docker("ps", "--all", "--format", "{{.Names}}", "--filter", `name=pgstack-${other}`)).toBe("");
        expect(await docker("volume", "ls", "--quiet", "--filter", `name=pgstack-${other}`)).toBe("");
      }
    } finally {
      await rename(other, stack);
    }
    await deployment.up("--expect-no-changes");
  });
});
