import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

import * as fc from "fast-check";
import { afterAll, afterEach, describe, expect, it } from "vitest";

import { failed } from "../../../src/check/observation.ts";
import type { Finding } from "../../../src/check/findings.ts";
import { UserError } from "../../../src/errors.ts";
import { contentSecurityPolicy, pageHtml } from "../../../src/status/page/document.ts";
import { readRoutesOf } from "../../../src/status/page/gather.ts";
import { escapeHtml, html } from "../../../src/status/page/html.ts";
import { segments, tickText, timeTicks, valueText, valueTicks } from "../../../src/status/page/scale.ts";
import { servePage } from "../../../src/status/page/serve.ts";
import { writePage } from "../../../src/status/page/write.ts";
import { aTarget } from "../check/fixtures.ts";
import { aLook, aLookWithoutPg3, aRoute, aStatus, noProcesses, processesOf, refused, target } from "./fixtures.ts";
import { aHistory, aPage, noon } from "./page-data.ts";

describe("markup", () => {
  it("escapes every value but markup itself", () => {
    const inner = html`<b>${"<&\"'>"}</b>`;
    expect(html`<p title="${'"'}">${inner}${[1, undefined, false, ["<"]]}</p>`.text).toBe(
      '<p title="&quot;"><b>&lt;&amp;&quot;&#39;&gt;</b>1&lt;</p>',
    );
  });

  it("never lets a value open a tag or leave its attribute", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => !/[<>"'\u0000-\u0008\u202E]/.test(escapeHtml(text)))); // oxlint-disable-line no-control-regex
  });
});

/** A name that would do harm wherever it is not escaped. */
const hostile = `"><script>alert(1)</script><img src=x onerror=alert(1)>'&\u202E`;

const finding: Finding = {
  code: "restart-pending",
  severity: "warning",
  node: hostile,
  observed: hostile,
  expected: hostile,
  action: hostile,
};

describe("the page", () => {
  it("asks for nothing else: no address, no style or script that its policy does not know", () => {
    const page = pageHtml(aPage());
    expect(page.replaceAll("http://www.w3.org/2000/svg", "")).not.toMatch(/https?:|url\((?!#)|@import/);
    expect(page.match(/ (?:src|href)="(?!data:)[^"]*"/g)).toBeNull();
    expect(page).not.toMatch(/ style="| on[a-z]+="|<script/);
    expect(page).toContain(contentSecurityPolicy(false).replaceAll("'", "&#39;"));
  });

  it("is the same with other data in the same places, and holds its state in words", () => {
    const page = pageHtml(aPage());
    expect(page).toContain("<title>ok · test · pgstack</title>");
    expect(page).toContain("Route app leads to pg1 and is open. Route app_ro leads to pg2, pg3 and is open.");
    expect(page).toContain("pg2 is replica: streaming, 1.2 kB behind.");
    expect(page).toContain("Last deployment&#39;s check: healthy, 12 min ago.");
    expect(page).toContain("The last hour from Prometheus");
  });

  it("shows broken links, held routes and what is wrong", () => {
    const look = { ...aLookWithoutPg3(target), processes: processesOf(target, { routes: [aRoute({ paused: true, clientsWaiting: 3 })] }) };
    const page = pageHtml(aPage({ status: aStatus(look) }));
    expect(page).toContain("2 problems · test");
    expect(page).toContain("<strong>pg3</strong> does not answer: connect ECONNREFUSED");
    expect(page.match(/class="edge bad broken"/g)).toHaveLength(2);
    expect(page).toContain("300 MB held");
    expect(page).toContain("writes held");
    expect(page).toContain("✕ paused");
    expect(page.match(/class="edge bad broken"/g)).not.toEqual(pageHtml(aPage()).match(/class="edge bad broken"/g));
  });

  it.each([0, 1, 15])("draws %i replicas within its borders", (replicas) => {
    const of = aTarget({ replicas });
    const page = pageHtml(aPage({ status: aStatus(aLook(of), of) }));
    const pictures = [...page.matchAll(/class="topology[^"]*" viewBox="0 0 ([\d.]+) ([\d.]+)"(.*?)<\/svg>/gs)];
    expect(pictures).toHaveLength(2);
    for (const [, width = "", height = "", content = ""] of pictures) {
      const boxes = [...content.matchAll(/<rect\s+x="([\d.-]+)"\s+y="([\d.-]+)"\s+width="([\d.]+)"\s+height="([\d.]+)"/g)];
      expect(boxes).toHaveLength(replicas + 3);
      for (const [, x = "", y = "", w = "", h = ""] of boxes) {
        expect(Math.min(Number(x), Number(y))).toBeGreaterThanOrEqual(0);
        expect(Number(x) + Number(w)).toBeLessThanOrEqual(Number(width));
        expect(Number(y) + Number(h)).toBeLessThanOrEqual(Number(height));
      }
    }
  });

  it("escapes names from anywhere", () => {
    const status = aStatus({
      ...aLook(target),
      processes: processesOf(target, { version: hostile, routes: [aRoute({ name: hostile, host: hostile, paused: true })] }),
    });
    const alert = {
      name: hostile,
      severity: hostile,
      state: "firing",
      since: "2026-11-25T11:58:00Z",
      subject: hostile,
      summary: hostile,
    } as const;
    const history = aHistory();
    const charts =
      history.state === "read"
        ? history.charts.map((chart) => ({ ...chart, series: chart.series.map((one) => ({ ...one, name: hostile })) }))
        : [];
    const page = pageHtml({
      status: { ...status, stack: hostile, nodes: status.nodes.map((node) => ({ ...node, name: hostile, failure: hostile })) },
      readRoutes: [hostile],
      probe: { state: "broken", findings: [finding] },
      history: aHistory({ charts, alerts: [alert] }),
      refreshSeconds: undefined,
    });
    expect(page).not.toMatch(/<script|<img|\u202E/);
    expect(page.split("&lt;script&gt;alert(1)").length).toBeGreaterThan(20);
  });

  it("says plainly what is not known", () => {
    const silent = pageHtml(aPage({ history: { state: "silent", reason: "no answer within 4 s" } }));
    expect(silent).toContain("Prometheus does not answer, so alerts are not known: no answer within 4 s");
    expect(pageHtml(aPage({ history: { state: "none" } }))).toContain("This stack runs no Prometheus, so there is no history.");
    const down = {
      at: new Date(noon * 1000),
      nodes: Object.fromEntries(target.nodes.map(({ name }) => [name, failed(refused)])),
      processes: noProcesses(target),
    };
    const page = pageHtml(aPage({ status: aStatus(down), probe: { state: "unreachable" } }));
    expect(page).toContain("The pooler does not answer:");
    expect(page).toContain("nothing answers");
    expect(page).not.toMatch(/NaN|undefined|null|Infinity/);
  });

  it("shows no value of a line that has ended as its value now", () => {
    const [, legend = ""] = /<table class="legend">(.*?)<\/table>/s.exec(pageHtml(aPage())) ?? [];
    const values = [...legend.matchAll(/<td class="number">\s*(.*?)\s*<\/td>/gs)].map(([, value]) => value);
    expect(values[0]).toMatch(/ s$/);
    expect(values[2]).toBe("-");
    expect(values[3]).toMatch(/ s$/);
  });

  it("knows the routes for reads", () => {
    const declared = { databases: [], users: [], routed: ["shop"], pooled: [] };
    expect(readRoutesOf({ ...target, declared })).toEqual(["app_ro", "shop_ro"]);
  });
});

describe("axes", () => {
  it.each([
    [0, "count", "0 1 2 3 4"],
    [11, "count", "0 5 10 15"],
    [1000, "count", "0 500 1000"],
    [0.7, "seconds", "0 0.5 s 1 s 1.5 s 2 s"],
    [70, "seconds", "0 30 s 60 s 90 s"],
    [500, "seconds", "0 5 min 10 min"],
    [21 * 1024 ** 2, "bytes", "0 8 MB 16 MB 24 MB"],
    [900 * 1024 ** 2, "bytes", "0 256 MB 512 MB 768 MB 1 GB"],
  ] as const)("count to %f (%s) by %s", (max, unit, ticks) => {
    expect(
      valueTicks(max, unit)
        .map((tick) => tickText(tick, unit))
        .join(" "),
    ).toBe(ticks);
  });

  it("reach the largest value with few lines, whatever it is", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e15, noNaN: true }), fc.constantFrom("count", "seconds", "bytes"), (max, unit) => {
        const ticks = valueTicks(max, unit);
        return ticks[0] === 0 && (ticks.at(-1) ?? 0) >= max * (1 - 1e-9) && ticks.length >= 2 && ticks.length <= 6;
      }),
    );
  });

  it("have whole times of the clock", () => {
    expect(timeTicks(noon - 890, noon).map((at) => (noon - at) / 60)).toEqual([10, 5, 0]);
    expect(timeTicks(noon - 3 * 3600, noon)).toHaveLength(7);
  });

  it("write values with their unit", () => {
    expect([
      valueText(0.42, "seconds"),
      valueText(42.4, "seconds"),
      valueText(3, "count"),
      valueText(2.5, "count"),
      valueText(1536, "bytes"),
    ]).toEqual(["0.4 s", "42 s", "3", "2.5", "1.5 kB"]);
  });
});

describe("a line", () => {
  const look = { from: 0, to: 100, count: 10, gap: 15 };

  it("keeps the peak of each part", () => {
    expect(
      segments(
        [
          [0, 1],
          [3, 9],
          [6, 2],
          [12, 1],
        ],
        look,
      ),
    ).toEqual([
      [
        [0, 9],
        [12, 1],
      ],
    ]);
  });

  it("is broken where there are no values, and ends at its borders", () => {
    expect(
      segments(
        [
          [-5, 1],
          [5, 1],
          [40, 2],
          [101, 3],
        ],
        look,
      ),
    ).toEqual([[[5, 1]], [[40, 2]]]);
  });
});

describe("a written page", () => {
  const folder = mkdtempSync(join(tmpdir(), "pgstack-test-page-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("is whole, readable by others, and leaves no other file", () => {
    const file = join(folder, "status.html");
    writePage(file, "one");
    writePage(file, "two");
    expect(readFileSync(file, "utf8")).toBe("two");
    expect(statSync(file).mode & 0o777).toBe(0o644);
    expect(readdirSync(folder)).toEqual(["status.html"]);
  });

  it("names a folder that is not there", () => {
    expect(() => writePage(join(folder, "none", "status.html"), "x")).toThrow(UserError);
  });
});

describe("the served page", () => {
  const open: (() => void)[] = [];
  afterEach(() => {
    for (const close of open.splice(0)) close();
  });

  async function serve(make: () => Promise<string> = () => Promise.resolve("<p>page</p>")): Promise<string> {
    const server = await servePage(0, make);
    open.push(server.close);
    return server.url;
  }

  interface Answer {
    readonly status: number;
    readonly body: string;
    readonly headers: Readonly<Record<string, unknown>>;
  }

  function ask(url: string, { path = "/", method = "GET", host = new URL(url).host } = {}): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const call = request(url, { path, method, headers: { host } }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => void (body += text));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }));
    });
    call.on("error", reject).end();
    return promise;
  }

  it("is given to GET, its head to HEAD, with headers that keep it to itself", async () => {
    const url = await serve();
    expect(new URL(url).hostname).toBe("127.0.0.1");
    expect(await ask(url)).toMatchObject({
      status: 200,
      body: "<p>page</p>",
      headers: {
        "content-security-policy": `${contentSecurityPolicy(true)}; frame-ancestors 'none'`,
        "cache-control": "no-store",
        "x-frame-options": "DENY",
      },
    });
    expect(await ask(url, { method: "HEAD" })).toMatchObject({ status: 200, body: "", headers: { "content-length": "11" } });
    expect(await ask(url, { host: new URL(url).host.replace("127.0.0.1", "LocalHost") })).toMatchObject({ status: 200 });
  });

  it.each([
    [{ host: "evil.example" }, 421],
    [{ host: "127.0.0.1:1" }, 421],
    [{ host: "127.0.0.1" }, 421],
    [{ method: "POST" }, 405],
    [{ method: "DELETE" }, 405],
    [{ path: "/etc/passwd" }, 404],
    [{ path: "/?x=1" }, 404],
  ] as const)("refuses %j: %i", async (over, status) => {
    let made = 0;
    const url = await serve(() => Promise.resolve(String((made += 1))));
    expect((await ask(url, over)).status).toBe(status);
    expect(made).toBe(0);
  });

  it("is made once for many at the same time, and made again after a failure, which it does not show", async () => {
    let made = 0;
    const url = await serve(async () => {
      made += 1;
      if (made === 1) throw new Error("secret");
      return Promise.resolve(`page ${made}`);
    });
    expect(await ask(url)).toMatchObject({ status: 503, body: "the cluster could not be looked at\n" });
    expect((await Promise.all([ask(url), ask(url), ask(url)])).map(({ body }) => body)).toEqual(["page 2", "page 2", "page 2"]);
  });

  it("names a port that is taken", async () => {
    const { port } = new URL(await serve());
    await expect(servePage(Number(port), () => Promise.resolve(""))).rejects.toThrow("EADDRINUSE");
  });
});
