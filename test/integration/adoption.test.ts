import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { poll } from "../../src/deadline.ts";
import { Deployment } from "../../testing/deployment.ts";
import { pgstack, reclone } from "../../testing/pgstack.ts";
import { run } from "../../testing/run.ts";

/** The leader is lost, a replica was promoted by hand, and every deployment follows it without a change of stack config. In this order. */
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

  it("is reported in preview, in up and by the check; the old leader stays down", async () => {
    const words = "pg1 does not answer and holds a leader's data, and pg2 leads";
    await refused(words, deployment.preview());
    await refused(words, deployment.preview("--refresh"));
    await refused(words, deployment.tryUp("--refresh"));
    const { findings } = await deployment.check(3000);
    expect(findings.map((finding) => `${finding.code} ${finding.node}`)).toEqual(["former-leader pg1"]);
    expect(findings[0]?.observed).toMatch(
      /^pg2 leads since .* UTC, timeline 2; pg1 was the leader and does not answer: its data is a leader's$/,
    );
    expect(findings[0]?.action).toContain("Do not start pg1. To continue with pg2: ./pgstack reclone pg1");
    expect(await isRunning("pg1")).toBe("false");
  });

  it("is followed, while no other node can be named, and the old leader's data is given up in words", async () => {
    deployment.configure({ leader: "pg3" });
    await refused("pgstack:leader: pg3 does not lead: pg2 leads since", deployment.tryUp());
    deployment.configure({ leader: undefined });
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

  it("loses a replica and gets it back, and is itself not removed", async () => {
    deployment.configure({ replicas: 0 });
    const { code, output } = await deployment.preview();
    expect(code).not.toBe(0);
    expect(output).toContain("pg2, pg3 would be removed, and pg2 leads");
    deployment.configure({ replicas: 1 });
    await deployment.up();
    expect(await deployment.sql("pg2", "select string_agg(slot_name, ',') from pg_replication_slots;")).toBe("pg1");
    deployment.configure({ replicas: 2 });
    await deployment.up();
    expect(await rows("pg3")).toBe("1,2,3");
    expect(await deployment.sql("pg2", "select string_agg(slot_name, ',' order by slot_name) from pg_replication_slots;")).toBe("pg1,pg3");
  });

  it("is restarted last, and preview says so", async () => {
    deployment.configure({ settings: { shared_buffers: "140MB" } });
    expect((await deployment.preview()).output.replaceAll(/\s+/g, " ")).toContain("in this order: pg1, pg3, pg2");
    const { output } = await deployment.up();
    const restarted = [...output.matchAll(/(pg\d) restarted for shared_buffers/g)].map(([, node]) => node);
    expect([...new Set(restarted)]).toEqual(["pg1", "pg3", "pg2"]);
    for (const node of ["pg1", "pg2", "pg3"]) expect(await deployment.sql(node, "show shared_buffers")).toBe("140MB");
  });

  it("has its container replaced last", async () => {
    deployment.configure({ memory: "528MB" });
    await deployment.up();
    const started = async (node: string): Promise<string> =>
      docker("inspect", "--format", "{{.State.StartedAt}}", deployment.container(node));
    const times = await Promise.all(["pg1", "pg3", "pg2"].map(started));
    expect(times).toEqual(times.toSorted());
    expect((await deployment.check(10_000)).findings).toEqual([]);
  });

  it("gets new passwords, as do those that follow it", async () => {
    const before = (await deployment.outputs()).writeUrl;
    const { code, output } = await pgstack(deployment, "rotate", "app", "replicator");
    expect(code, output).toBe(0);
    expect((await deployment.outputs()).writeUrl).not.toBe(before);
    expect((await deployment.check(10_000)).findings).toEqual([]);
    await deployment.up("--expect-no-changes");
  });

  it("begins again after destroy and up: its volume says that it led", async () => {
    const destroyed = await deployment.destroy();
    expect(destroyed.code, destroyed.output).toBe(0);
    await deployment.up();
    expect((await deployment.check(10_000)).nodes.map(({ name, role }) => `${name} ${role}`)).toEqual([
      "pg1 replica",
      "pg2 leader",
      "pg3 replica",
    ]);
    for (const node of ["pg1", "pg2", "pg3"]) expect(await rows(node)).toBe("1,2,3");
  });

  it("is refused under another name, which would begin an empty cluster, and continues under its own", async () => {
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
