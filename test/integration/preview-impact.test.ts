import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { poolerSetting } from "../../src/pgbouncer/settings.ts";
import { settingsOf } from "../../src/postgres/settings.ts";
import { withSession } from "../../src/postgres/session.ts";
import { Deployment } from "../../testing/deployment.ts";
import type { Previewed } from "../../testing/impact-preview.ts";
import { previewOf } from "../../testing/impact-preview.ts";

/** What a change means for sessions is reported before it happens, and the tables that say so are those of the servers that run. */
describe("the impact of a change", () => {
  let deployment: Deployment;

  beforeAll(async () => {
    deployment = await Deployment.create("staging", { memory: "512MB" });
    const first = await deployment.up();
    expect(first.output).not.toContain("impact on sessions");
  });
  afterAll(() => deployment?.remove());

  const preview = (...args: readonly string[]): Promise<Previewed> => previewOf(deployment, ...args);

  it("of none is silence", async () => {
    const { code, output } = await deployment.preview("--expect-no-changes");
    expect(code, output).toBe(0);
    expect(output).not.toContain("impact on sessions");
    expect(await preview()).toMatchObject({ code: 0, out: expect.stringContaining("nothing changes") });
  });

  it("is in the diagnostics of pulumi preview, and the same in pgstack preview", async () => {
    deployment.configure({ settings: { work_mem: "10MB", max_locks_per_transaction: 128 } });
    const { code, output } = await deployment.preview();
    expect(code, output).toBe(0);
    const told = output.slice(output.indexOf("Diagnostics:")).replaceAll(/^ {4}/gm, "");
    expect(told.match(/impact on sessions: clients wait about 0\.6 s at most/g)).toHaveLength(1);
    expect(told).toContain("reload\n  work_mem 4MB → 10MB\n  - on: pg1, pg2\n  - clients wait: nothing");
    expect(told).toContain("restart of replicas first, then leader inside a pause\n  max_locks_per_transaction default (64) → 128");
    const shown = await preview();
    expect(shown.code).toBe(0);
    const { items } = JSON.parse((await preview("--json")).out) as { items: { class: string; nodes: string[] }[] };
    expect(items.map((item) => [item.class, item.nodes])).toEqual([
      ["reload", ["pg1", "pg2"]],
      ["restart", ["pg2", "pg1"]],
    ]);
    deployment.configure({ settings: undefined });
  });

  it("of what cannot be is refused, with the reason and the way", async () => {
    deployment.configure({ locale: "en-US" });
    const fixed = await deployment.preview();
    expect(fixed.code).not.toBe(0);
    expect(fixed.output).toContain("refused, because indexes are built on it");
    expect(fixed.output).toContain("Set it back to C.UTF-8");
    expect(await preview()).toMatchObject({ code: 3, out: expect.stringContaining("refused, because indexes are built on it") });
    deployment.configure({ locale: undefined, settings: { max_connections: 20 } });
    expect(await preview()).toMatchObject({ code: 3, out: expect.stringContaining("max_connections is 20") });
    deployment.configure({ settings: undefined });
  });

  it("is reported again after a deployment that failed", async () => {
    // Only the server knows that there is no such configuration.
    deployment.configure({ settings: { default_text_search_config: "nonsense" } });
    expect((await deployment.tryUp()).code).not.toBe(0);
    expect((await preview()).out).toContain("default_text_search_config default (pg_catalog.simple) → nonsense");
    deployment.configure({ settings: undefined });
    await deployment.up();
    expect((await preview()).out).toContain("nothing changes");
  });

  it("begins with the next deployment where an earlier version's state knows nothing of it", async () => {
    const urns = (await deployment.pulumi("stack", "--show-urns", "--stack", deployment.stack)).stdout;
    const [urn = ""] = /urn:\S+pgstack:index:Changes::cluster-changes/.exec(urns) ?? [];
    const forgotten = await deployment.pulumi("state", "delete", urn, "--stack", deployment.stack, "--yes");
    expect(forgotten.code, forgotten.output).toBe(0);
    deployment.configure({ settings: { work_mem: "8MB" } });
    const before = await deployment.preview();
    expect(before.code, before.output).toBe(0);
    expect(before.output).not.toContain("impact on sessions");
    expect(await preview()).toMatchObject({ code: 2, err: expect.stringContaining("compare with a commit: --base REF") });
    await deployment.up();
    deployment.configure({ settings: undefined });
    expect((await deployment.up()).output).toContain("work_mem 8MB → 4MB");
  });

  it("rests on a table that is the running server's", async () => {
    const answer = await deployment.sql(
      "pg1",
      `select json_object_agg(name, json_build_array(context, vartype, unit)) from pg_settings where category not like 'Preset%'`,
    );
    const table = settingsOf(17) ?? {};
    const known = Object.fromEntries(Object.entries(table).map(([name, { context, type, unit }]) => [name, [context, type, unit ?? null]]));
    expect(JSON.parse(answer)).toEqual(known);
  });

  it("rests on a table that is the running pooler's", async () => {
    const { target, secrets } = (await deployment.outputs()).check;
    const login = {
      host: target.accessHost,
      port: target.processes[0]?.port ?? 0,
      user: "pgbouncer",
      password: secrets.pgbouncer,
      database: "pgbouncer",
    };
    const rows = await withSession(login, async (client) => (await client.query<{ key: string; changeable: string }>("SHOW CONFIG")).rows);
    expect(rows.length).toBeGreaterThan(80);
    expect(rows.filter(({ key, changeable }) => poolerSetting(key)?.changeable !== (changeable === "yes")).map(({ key }) => key)).toEqual(
      [],
    );
  });
});
