// Writes docs/config.md and docs/config.schema.json from the schema of stack config, docs/alerts.md from the alerts,
// and docs/benchmarks.md from the published results. With --check it writes nothing and fails when one of them is stale.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { benchmarksPage } from "../bench/lib/report.ts";
import { alertsPage } from "./docs/alerts-page.ts";
import { configPage } from "./docs/config-page.ts";
import { stackFileSchema } from "./docs/stack-file-schema.ts";

const benchmarks = fileURLToPath(new URL("../docs/benchmarks", import.meta.url));

const pages: Readonly<Record<string, () => string>> = {
  "docs/config.md": configPage,
  "docs/config.schema.json": () => `${JSON.stringify(stackFileSchema(), null, 2)}\n`,
  "docs/alerts.md": alertsPage,
  "docs/benchmarks.md": () => benchmarksPage(benchmarks),
};

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}

const isCheck = process.argv.includes("--check");
const stale = Object.entries(pages)
  .map(([name, write]) => ({ name, path: fileURLToPath(new URL(`../${name}`, import.meta.url)), text: write() }))
  .filter(({ path, text }) => readIfThere(path) !== text);

for (const { name, path, text } of stale) {
  if (isCheck) console.error(`${name} is stale: run npm run docs`);
  else {
    writeFileSync(path, text);
    console.log(`wrote ${name}`);
  }
}
if (isCheck && stale.length > 0) process.exitCode = 1;
