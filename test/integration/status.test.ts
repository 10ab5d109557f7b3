import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { connectEngine } from "../../src/engine/connect.ts";
import { execInContainer } from "../../src/engine/exec.ts";
import type { Subcommand } from "../../src/cli/command.ts";
import { logsCommand } from "../../src/cli/logs.ts";
import { runProgram } from "../../src/cli/program.ts";
import { statusCommand } from "../../src/cli/status.ts";
import { topCommand } from "../../src/cli/top.ts";
import { poll } from "../../src/deadline.ts";
import type { ClusterStatus } from "../../src/status/model.ts";
import { observeHistory } from "../../src/status/observe/history.ts";
import { observeStatus } from "../../src/status/observe/cluster.ts";
import { gatherPage } from "../../src/status/page/gather.ts";
import { findLeader } from "../../src/check/observe/leader.ts";
import { readTop } from "../../src/top/read.ts";
import { Browser, findBrowser } from "../../testing/browser.ts";
import { connectClient } from "../../testing/client.ts";
import type { Outputs } from "../../testing/deployment.ts";
import { Deployment, nodeUrl } from "../../testing/deployment.ts";

const browserProgram = findBrowser();
if (browserProgram === undefined) {
  const reason = "no browser is here: scripts/bootstrap.sh --only browser";
  if (process.env["CI"] === "true") throw new Error(reason);
  console.warn(`the page is not tried in a browser: ${reason}`);
}

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Day-2 commands on a real cluster with Prometheus. */
describe("a cluster with two replicas", () => {
  let deployment: Deployment;
  let outputs: Outputs;
  let commands: readonly Subcommand[];
  const limits = { connectionTimeoutMillis: 5000, query_timeout: 20_000 };

  beforeAll(async () => {
    deployment = await Deployment.create("staging", {
      replicas: 2,
      memory: "512MB",
      slotWalCap: "1GB",
      monitoring: { prometheus: true, scrapeInterval: "2s" },
    });
    await deployment.up();
    outputs = await deployment.outputs();
    const { target, secrets } = outputs.check;
    const load = {
      load: () => Promise.resolve({ target, secrets, report: outputs.report }),
      loadBundle: () => ({ target, secrets }),
    };
    commands = [
      statusCommand({ ...load, observe: observeStatus, gather: gatherPage }),
      topCommand({ ...load, read: readTop, findLeader }),
      logsCommand({ ...load, connect: connectEngine, environment: {} }),
    ];
  });
  afterAll(() => deployment?.remove());

  async function call(...args: readonly string[]): Promise<Ran> {
    const written = { out: "", err: "" };
    const io = {
      out: (text: string) => void (written.out += text),
      err: (text: string) => void (written.err += text),
      isTerminal: false,
      signal: new AbortController().signal,
    };
    const code = await runProgram([...args, "--stack", "x"], io, commands);
    for (const secret of Object.values(outputs.check.secrets)) expect(written.out + written.err).not.toContain(secret);
    return { code, ...written };
  }

  const status = async (): Promise<ClusterStatus> => JSON.parse((await call("status", "--json")).out) as ClusterStatus;

  /** Waits until the state is as it should be. */
  async function until(is: (seen: ClusterStatus) => boolean, timeoutMs = 30_000): Promise<ClusterStatus> {
    const found = await poll(
      async () => {
        const seen = await status();
        return is(seen) ? seen : undefined;
      },
      { everyMs: 200, timeoutMs },
    );
    if (found === undefined) throw new Error(`it does not become so: ${JSON.stringify(await status(), undefined, 2)}`);
    return found;
  }

  const nodeOf = (seen: ClusterStatus, name: string): ClusterStatus["nodes"][number] => {
    const node = seen.nodes.find((one) => one.name === name);
    if (node === undefined) throw new Error(`no node ${name}`);
    return node;
  };

  const isFine = ({ ok, nodes }: ClusterStatus): boolean => ok && nodes.every(({ state }) => state === "writable" || state === "streaming");

  it("shows roles, lag, slots, routes, disk and the last check", async () => {
    const seen = await until((one) => isFine(one) && one.nodes.slice(1).every(({ lag, disk }) => lag.seconds !== null && disk !== null));
    expect(seen.nodes.map(({ name, role, state }) => `${name} ${role} ${state}`)).toEqual([
      "pg1 leader writable",
      "pg2 replica streaming",
      "pg3 replica streaming",
    ]);
    for (const { lag } of seen.nodes.slice(1)) {
      expect(lag).toMatchObject({ from: "stream" });
      expect(lag.seconds).toBeLessThan(5);
    }
    expect(nodeOf(seen, "pg1")).toMatchObject({ version: outputs.report.nodes[0]?.version, timeline: 1, pendingRestarts: 0 });
    expect(seen.slots.map(({ name, state, capBytes }) => [name, state, capBytes])).toEqual([
      ["pg2", "active", 1024 ** 3],
      ["pg3", "active", 1024 ** 3],
    ]);
    expect(seen.pooler.routes.map(({ name, hosts, state }) => [name, hosts, state])).toEqual([
      ["app", ["pg1"], "open"],
      ["app_ro", ["pg2", "pg3"], "open"],
    ]);
    expect(seen.lastCheck).toMatchObject({ ok: true });
    expect(Date.parse(seen.lastCheck?.at ?? "")).toBeGreaterThan(Date.now() - 600_000);
    expect((await call("status")).code).toBe(0);
  });

  it("shows a stopped replica with its reason and its slot's bytes, which rise, and never a lag of 0", async () => {
    const container = deployment.engine.getContainer(deployment.container("pg3"));
    await container.stop();
    try {
      const { code, out } = await call("status");
      expect(code).toBe(10);
      expect(out).toMatch(/^pg3 {2}.*no answer/m);
      expect(out).toMatch(/^pg3: does not answer: .*ECONNREFUSED/m);
      await deployment.sql("pg1", "create table filler as select repeat('x', 1000) from generate_series(1, 5000)", "app");
      const seen = await until((one) => (nodeOf(one, "pg3").lag.bytes ?? 0) > 4 * 1024 ** 2);
      expect(nodeOf(seen, "pg3")).toMatchObject({ state: "no answer", lag: { from: "slot", seconds: null }, uptimeSeconds: null });
      expect(seen.slots[1]).toMatchObject({ name: "pg3", state: "inactive" });
      expect(nodeOf(seen, "pg2").state).toBe("streaming");
    } finally {
      await container.start();
    }
    await until(isFine);
  });

  it("does not believe a receiver that hangs: disconnected, its slot's bytes, and rising time", async () => {
    const pid = await deployment.sql("pg2", "select pid from pg_stat_wal_receiver");
    const signal = async (name: string): Promise<unknown> =>
      execInContainer(deployment.engine, deployment.container("pg2"), ["/bin/bash", "-c", `kill -${name} ${pid}`], "");
    await signal("STOP");
    try {
      const seen = await until((one) => nodeOf(one, "pg2").state === "disconnected" && (nodeOf(one, "pg2").lag.bytes ?? 0) > 0);
      expect(nodeOf(seen, "pg2").lag.from).toBe("slot");
      expect(nodeOf(seen, "pg2").lag.seconds).toBeGreaterThan(3);
      expect((await call("status")).code).toBe(11);
    } finally {
      await signal("CONT");
    }
    await until(isFine);
  });

  it("keeps reporting the time that replicas are behind when the leader does not answer", async () => {
    const container = deployment.engine.getContainer(deployment.container("pg1"));
    await container.pause();
    try {
      const seen = await until((one) => (nodeOf(one, "pg2").lag.seconds ?? 0) > 3);
      expect(nodeOf(seen, "pg1").state).toBe("no answer");
      expect(nodeOf(seen, "pg2").lag).toMatchObject({ bytes: null, from: null });
      expect(seen.slots[0]).toMatchObject({ state: "unknown", retainedBytes: null });
    } finally {
      await container.unpause();
    }
    await until(isFine);
  });

  it("is not held up by a node that is frozen", async () => {
    const container = deployment.engine.getContainer(deployment.container("pg2"));
    await container.pause();
    try {
      const began = performance.now();
      const seen = await status();
      expect(performance.now() - began).toBeLessThan(6000);
      expect(nodeOf(seen, "pg2")).toMatchObject({ state: "no answer", failure: expect.stringContaining("deadline") as unknown });
      expect(nodeOf(seen, "pg3").state).toBe("streaming");
    } finally {
      await container.unpause();
    }
    await until(isFine);
  });

  it("shows a paused route and who waits", async () => {
    const admin = await connectClient(outputs.adminUrl, limits);
    // Through the process whose console that is: another one serves.
    const url = new URL(outputs.writeUrl);
    url.port = String(outputs.check.target.processes[0]?.port);
    const client = await connectClient(url.href, limits);
    try {
      await admin.query("PAUSE app");
      const waiting = client.query("select 1");
      const seen = await until(({ pooler }) => (pooler.routes[0]?.waiting ?? 0) > 0);
      expect(seen.pooler.routes[0]).toMatchObject({ name: "app", state: "paused", waiting: 1 });
      expect((await call("status")).code).toBe(12);
      await admin.query("RESUME app");
      await waiting;
    } finally {
      await admin.query("RESUME app").catch(() => undefined);
      await Promise.all([admin.end(), client.end()]);
    }
    await until(isFine);
  });

  it("lists a statement that was run, without its values", async () => {
    const client = await connectClient(nodeUrl(outputs, "pg1"), limits);
    try {
      await client.query(
        "/* for hunter1 */ select count(*) as counted_orders from pg_class where relname = 'hunter2' and relpages > 424242",
      );
    } finally {
      await client.end();
    }
    const { code, out } = await call("top", "--by", "calls", "--limit", "1000", "--json");
    expect(code).toBe(0);
    const { statements } = JSON.parse(out) as { readonly statements: readonly { readonly query: string; readonly calls: number }[] };
    expect(statements.find(({ query }) => query.includes("counted_orders"))).toMatchObject({
      query: "select count(*) as counted_orders from pg_class where relname = $1 and relpages > $2",
      calls: 1,
    });
    expect(out).not.toMatch(/hunter|424242/);
    expect((await call("top", "--node", "pg2")).out).toMatch(/^pg2: \d+ of \d+ statements by total time/);
    for (const by of ["total", "mean", "io"]) expect((await call("top", "--by", by)).code).toBe(0);
  });

  it("prints logs of several services in order of time, chosen by severity and pattern", async () => {
    await deployment.sql("pg1", "select 1/0").catch(() => undefined);
    const all = await call("logs", "--tail", "all");
    expect(all.code).toBe(0);
    for (const name of ["pg1", "pg2", "pgbouncer-1", "pgbouncer-2", "pg3-exporter", "prometheus"])
      expect(all.out).toMatch(new RegExp(`^${name} +\\| `, "m"));
    const chosen = await call("logs", "pg1", "--severity", "error", "--grep", "division by zero");
    expect(chosen.out.trimEnd().split("\n").at(-1)).toMatch(/ERROR: {2}division by zero$/);
    const several = (await call("logs", "pg1", "pgbouncer-1", "--since", "1h")).out.match(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}/g) ?? [];
    expect(several.length).toBeGreaterThan(10);
    expect(await call("logs", "pg1", "prometeus")).toMatchObject({
      code: 2,
      err: expect.stringContaining(
        "there is no service prometeus (did you mean prometheus?); services: pg1, pg2, pg3, pgbouncer-1,",
      ) as unknown,
    });
  });

  it("follows a log across a restart, each line once", async () => {
    const interruption = new AbortController();
    const written = { out: "", err: "" };
    const io = {
      out: (text: string) => void (written.out += text),
      err: (text: string) => void (written.err += text),
      isTerminal: false,
      signal: interruption.signal,
    };
    const following = runProgram(["logs", "pg3", "pgbouncer-1", "--follow", "--tail", "5", "--stack", "x"], io, commands);
    const shows = async (text: string): Promise<void> => {
      const found = await poll(() => Promise.resolve(written.out.includes(text) || undefined), { everyMs: 100, timeoutMs: 40_000 });
      if (found === undefined) throw new Error(`${text} is not in:\n${written.out}`);
    };
    await shows("pgbouncer-1 | ");
    await deployment.engine.getContainer(deployment.container("pg3")).restart({ t: 20 });
    await until(isFine);
    const marker = `following_${Date.now()}`;
    await deployment.sql("pg3", `select ${marker}`).catch(() => undefined);
    await shows(`column "${marker}" does not exist`);
    interruption.abort(new Error("SIGINT"));
    expect(await following).toBe(130);
    expect(written.out).toContain("database system is shut down");
    expect(written.out).toContain("database system is ready to accept read-only connections");
    expect(written.err).toContain("-- pg3: its container is down, waiting for it --\n-- pg3: its container runs again --\n");
    const own = written.out.split("\n").filter((line) => line.startsWith("pg3"));
    expect(new Set(own).size).toBe(own.length);
  });

  describe.skipIf(browserProgram === undefined)("as a page in a browser", () => {
    let browser: Browser;
    let folder: string;
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), "pgstack-test-page-"));
      browser = await Browser.start(browserProgram ?? "");
      const { target } = outputs.check;
      const full = await poll(
        async () => {
          const history = await observeHistory(target, new AbortController().signal);
          return history.state === "read" && history.charts.every(({ series }) => series.some(({ points }) => points.length > 0))
            ? true
            : undefined;
        },
        { everyMs: 500, timeoutMs: 60_000 },
      );
      if (full === undefined) throw new Error("Prometheus has no values for a chart");
    });
    afterAll(async () => {
      await browser?.close();
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    });

    const sizes = [
      { width: 400, height: 800, scheme: "light" },
      { width: 400, height: 800, scheme: "dark" },
      { width: 1280, height: 900, scheme: "light" },
      { width: 1280, height: 900, scheme: "dark" },
    ] as const;

    it("is one file without errors, requests or anything to scroll sideways for, with charts that have values", async () => {
      const file = join(folder, "status.html");
      expect(await call("status", "--html", file)).toEqual({ code: 0, out: "", err: "" });
      const url = pathToFileURL(file).href;
      for (const secret of Object.values(outputs.check.secrets)) expect(readFileSync(file, "utf8")).not.toContain(secret);
      for (const size of sizes) {
        await browser.open(url, size);
        expect(browser.heard.console).toEqual([]);
        expect(browser.heard.requests.filter((request) => request !== url && !request.startsWith("data:"))).toEqual([]);
        expect(await browser.evaluate("document.documentElement.scrollWidth")).toBe(size.width);
        // Every word is within the window, and at least as large as a phone shows legibly.
        const words = `[...document.querySelectorAll("th, td, text, p, li, dd, h1, h2, h3")].filter((one) => one.checkVisibility() && !one.closest(".hidden"))`;
        expect(
          await browser.evaluate(
            `${words}.map((one) => [one.textContent.trim(), one.getBoundingClientRect()]).filter(([text, { left, right, width }]) => text !== "" && width > 1 && (left < 0 || right > innerWidth + 0.5)).map(([text]) => text)`,
          ),
        ).toEqual([]);
        expect(await browser.evaluate(`[...document.querySelectorAll("svg.topology")].filter((one) => one.checkVisibility()).length`)).toBe(
          1,
        );
      }
      expect(await browser.evaluate(`document.querySelectorAll(".chart path.line").length`)).toBeGreaterThanOrEqual(9);
      expect(await browser.evaluate(`getComputedStyle(document.body).backgroundColor`)).toBe("rgb(16, 20, 27)");
    });

    it("has enough contrast in light and dark", async () => {
      const url = pathToFileURL(join(folder, "status.html")).href;
      for (const scheme of ["light", "dark"] as const) {
        await browser.open(url, { width: 1280, height: 900, scheme });
        expect(await browser.evaluate(contrastProblems)).toEqual([]);
      }
    });

    it("is served, renews itself, and says so when it cannot", async () => {
      const interruption = new AbortController();
      let url = "";
      const io = { out: (text: string) => void (url += text.trim()), err: () => undefined, isTerminal: false, signal: interruption.signal };
      const serving = runProgram(["status", "--serve", "--port", "0", "--stack", "x"], io, commands);
      await poll(() => Promise.resolve(url === "" ? undefined : url), { everyMs: 50, timeoutMs: 10_000 });
      try {
        await browser.open(url, sizes[0]);
        expect(browser.heard.console).toEqual([]);
        const time = async (): Promise<string> => browser.evaluate<string>(`document.querySelector("time").dateTime`);
        const first = await time();
        await browser.evaluate(`document.querySelector(".live button").focus()`);
        const renewed = await poll(async () => ((await time()) === first ? undefined : true), { everyMs: 500, timeoutMs: 30_000 });
        expect(renewed).toBe(true);
        expect(await browser.evaluate(`document.activeElement.textContent`)).toBe("Pause");
        expect(browser.heard.requests.filter((request) => request !== url && !request.startsWith("data:"))).toEqual([]);
        expect(browser.heard.console).toEqual([]);
      } finally {
        interruption.abort(new Error("SIGINT"));
        expect(await serving).toBe(130);
      }
      const said = await poll(
        async () => (await browser.evaluate<string>(`document.querySelector(".live p").textContent`)).includes("not renewed") || undefined,
        { everyMs: 500, timeoutMs: 30_000 },
      );
      expect(said).toBe(true);
    });
  });
});

/** Texts with less contrast to what is behind them than WCAG asks for (4.5). Run in the page. */
const contrastProblems = `(() => {
  const parse = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
  const part = (value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  const ground = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll("p, th, td, .badge, .role, h1, h2, h3, code, li, text, footer")]
    .filter((one) => one.checkVisibility() && one.textContent.trim() !== "" && !one.closest(".hidden"))
    .filter((one) => {
      const style = getComputedStyle(one);
      const [a, b] = [light(parse(one instanceof SVGElement ? style.fill : style.color)), light(ground(one.closest("svg") ?? one))];
      return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5;
    })
    .map((one) => one.textContent.trim().slice(0, 40));
})()`;
