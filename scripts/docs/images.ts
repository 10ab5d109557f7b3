/**
 * Takes the pictures in docs/images: deploys the stack `production` under a test's name, puts load on it, lets a replica and
 * a route fail for a moment, and photographs the status page in a headless browser. About 12 minutes; needs an engine, Pulumi and
 * `scripts/bootstrap.sh --only browser`.
 *
 *   node scripts/docs/images.ts
 */
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";

import { parseLastCheck } from "../../src/status/last-check.ts";
import { pageHtml } from "../../src/status/page/document.ts";
import { gatherPage } from "../../src/status/page/gather.ts";
import type { Viewport } from "../../testing/browser.ts";
import { Browser, findBrowser } from "../../testing/browser.ts";
import { connectClient } from "../../testing/client.ts";
import type { Outputs } from "../../testing/deployment.ts";
import { Deployment } from "../../testing/deployment.ts";

const images = fileURLToPath(new URL("../../docs/images", import.meta.url));

/** Largest picture, in bytes. */
const mostBytes = 120_000;

const minute = 60_000;
const limits = { connectionTimeoutMillis: 5000, query_timeout: 30_000 };

const program = findBrowser();
if (program === undefined) throw new Error("no browser is here: scripts/bootstrap.sh --only browser");
const stop = new AbortController();
const folder = mkdtempSync(join(tmpdir(), "pgstack-images-"));
const deployment = await Deployment.create("production", { memory: "512MB" });
const browser = await Browser.start(program);
try {
  await deployment.up();
  const outputs = await deployment.outputs();
  const load = putLoad(outputs);
  await delay(3 * minute);
  const replica = deployment.engine.getContainer(deployment.container("pg4"));
  await replica.stop();
  await delay(minute);
  await replica.start();
  await delay(2 * minute);
  await hold(outputs, 20_000);
  await delay(3 * minute);
  await page(outputs);
  await picture("status.png", { width: 1120, height: 900, scheme: "light" }, { height: 820 });
  await picture("status-history.png", { width: 900, height: 900, scheme: "dark" }, { from: "History" });
  await replica.stop();
  await delay(1.5 * minute);
  await page(outputs);
  await picture("status-trouble.png", { width: 1120, height: 900, scheme: "dark" }, { height: 900 });
  stop.abort();
  await load;
} finally {
  stop.abort();
  await browser.close();
  await deployment.remove();
  rmSync(folder, { recursive: true, force: true });
}

/** Writes the page as it is now, under the name of the stack that it stands for. */
async function page({ check: { target, secrets }, report }: Outputs): Promise<void> {
  const data = await gatherPage({ target, secrets, lastCheck: parseLastCheck(report) }, undefined, new AbortController().signal);
  writeFileSync(join(folder, "page.html"), pageHtml(data).replaceAll(target.stack, "production"));
}

async function picture(
  name: string,
  viewport: Viewport,
  { height = Infinity, from }: { readonly height?: number; readonly from?: string },
): Promise<void> {
  await browser.open(pathToFileURL(join(folder, "page.html")).href, viewport);
  const heading = `[...document.querySelectorAll("h2")].find((one) => one.textContent === ${JSON.stringify(from ?? "")})`;
  const top = from === undefined ? 0 : await browser.evaluate<number>(`Math.floor(${heading}.getBoundingClientRect().top) - 16`);
  const file = join(images, name);
  mkdirSync(images, { recursive: true });
  writeFileSync(file, await browser.screenshot({ top, height }));
  const { size } = statSync(file);
  console.log(`${name}: ${Math.round(size / 1000)} kB`);
  if (size > mostBytes) throw new Error(`${name} has more than ${mostBytes / 1000} kB`);
}

/** Orders that come in waves, and reports that read them, until it is stopped. */
async function putLoad({ writeUrl, readUrl }: Outputs): Promise<void> {
  const first = await connectClient(writeUrl, limits);
  await first.query(
    "create table orders (id bigserial primary key, customer int not null, placed_at timestamptz not null default now(), note text)",
  );
  await first.query("create index on orders (customer, placed_at)");
  await first.end();
  const wave = (): number => 30 + 50 * (1 + Math.sin(Date.now() / 40_000));
  const workers = [
    ...Array.from({ length: 8 }, () =>
      work(writeUrl, "insert into orders (customer, note) select $1 + g, repeat('x', 200) from generate_series(1, 20) g", wave),
    ),
    ...Array.from({ length: 16 }, () =>
      work(readUrl, "select customer, count(*), max(placed_at) from orders where customer = $1 group by 1", wave),
    ),
    ...Array.from({ length: 6 }, () => work(readUrl, "select pg_sleep(least($1::int, 150) / 100.0)", () => Math.random() * 4000)),
  ];
  await Promise.all(workers);
}

/** One client; a lost connection is made again, as a pool of an application does. */
async function work(url: string, sql: string, pauseMs: () => number): Promise<void> {
  for (let count = 0; !stop.signal.aborted;) {
    try {
      const client = await connectClient(url, limits);
      while (!stop.signal.aborted) {
        await client.query(sql, [(count += 1) % 500]);
        await delay(pauseMs());
      }
      await client.end();
    } catch {
      await delay(500);
    }
  }
}

/** Holds writes for a moment. */
async function hold({ adminUrl }: Outputs, ms: number): Promise<void> {
  const admin = await connectClient(adminUrl, limits);
  await admin.query("PAUSE app");
  await delay(ms);
  await admin.query("RESUME app");
  await admin.end();
}
