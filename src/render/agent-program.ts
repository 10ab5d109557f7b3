import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import type * as Esbuild from "esbuild";
import { z } from "zod";

/** Programs that run in containers: the source that each begins with. */
const sources = { setup: "src/agents/setup/main.ts" } as const;

export type AgentName = keyof typeof sources;

/** The checkout: sources and packages lie below it. */
const checkout = fileURLToPath(new URL("../../", import.meta.url));

/** First line of each program. */
const banner = "// Built by pgstack from its TypeScript. Do not edit: changes are overwritten. Contains pg and zod (both MIT).";

/** What the bundler depends on besides the sources: itself, and how it is called. */
const always = ["node_modules/esbuild/package.json", "src/render/agent-program.ts"];

const keptSchema = z.object({
  /** Path → hash of everything that the program was built from. */
  inputs: z.record(z.string(), z.string()),
  program: z.string(),
});

const built = new Map<AgentName, string>();

/**
 * A program as one JavaScript file for Debian's Node: same sources, same bytes. It is built once for each state of its sources and
 * kept below `node_modules/.cache`, since loading and running the bundler takes longer than all else that is rendered.
 */
export function agentProgram(name: AgentName): string {
  const program = built.get(name) ?? keptProgram(name) ?? buildProgram(name);
  built.set(name, program);
  return program;
}

function cachePath(name: AgentName): string {
  return join(checkout, "node_modules/.cache/pgstack", `${name}.json`);
}

/** The program of an earlier run; undefined unless all that it was built from is as it was. */
function keptProgram(name: AgentName): string | undefined {
  try {
    const { inputs, program } = keptSchema.parse(JSON.parse(readFileSync(cachePath(name), "utf8")));
    return Object.entries(inputs).every(([path, hash]) => hashOf(path) === hash) ? program : undefined;
  } catch {
    return undefined;
  }
}

/** Exported for tests: builds whatever is kept, and keeps the result. */
export function buildProgram(name: AgentName): string {
  // Loaded only when it is needed.
  const esbuild = createRequire(import.meta.url)("esbuild") as typeof Esbuild;
  const { outputFiles, metafile } = esbuild.buildSync({
    absWorkingDir: checkout,
    entryPoints: [sources[name]],
    bundle: true,
    write: false,
    metafile: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    // It is in Pulumi's state with the rest of the bundle.
    minify: true,
    banner: { js: banner },
    // Optional parts of the driver that are not installed.
    external: ["pg-native", "pg-cloudflare"],
    preserveSymlinks: true,
    logLevel: "silent",
  });
  const program = outputFiles[0]?.text ?? "";
  keep(name, { inputs: Object.fromEntries([...Object.keys(metafile.inputs), ...always].map((path) => [path, hashOf(path)])), program });
  return program;
}

/** A checkout that cannot be written to builds each time. */
function keep(name: AgentName, kept: z.output<typeof keptSchema>): void {
  const path = cachePath(name);
  const partial = `${path}.${process.pid}`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(partial, JSON.stringify(kept));
    renameSync(partial, path);
  } catch {
    // Nothing depends on it.
  }
}

function hashOf(path: string): string {
  return createHash("sha256")
    .update(readFileSync(join(checkout, path)))
    .digest("hex");
}
