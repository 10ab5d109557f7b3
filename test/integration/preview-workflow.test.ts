import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";

import { freeBlock } from "../../testing/free-block.ts";
import type { RunResult } from "../../testing/run.ts";
import { run } from "../../testing/run.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The commands that `.github/workflows/preview.yml` runs on a pull request, on a checkout that is thrown away. */
describe("the preview of a pull request", () => {
  let checkout: string;
  let runner: string;

  beforeEach(async () => {
    checkout = mkdtempSync(join(tmpdir(), "pgstack-checkout-"));
    runner = mkdtempSync(join(tmpdir(), "pgstack-runner-"));
    for (const entry of readdirSync(root)) {
      if (!entry.startsWith(".") && !entry.startsWith("Pulumi.") && entry !== "build")
        symlinkSync(join(root, entry), join(checkout, entry));
    }
    copyFileSync(join(root, "Pulumi.yaml"), join(checkout, "Pulumi.yaml"));
    for (const stack of ["staging", "production"]) await copyStackFile(stack);
    for (const file of ["env", "path"]) writeFileSync(join(runner, file), "");
  });
  afterEach(() => {
    rmSync(checkout, { recursive: true, force: true });
    rmSync(runner, { recursive: true, force: true });
  });

  /** As checked in, with the salt of another passphrase and with ports and a subnet that are free here. */
  async function copyStackFile(stack: string): Promise<void> {
    const file = parse(readFileSync(join(root, `Pulumi.${stack}.yaml`), "utf8")) as { config: Record<string, unknown> };
    const { ports, subnet } = await freeBlock();
    const config = { ...file.config, "pgstack:ports": ports, "pgstack:subnet": subnet };
    writeFileSync(join(checkout, `Pulumi.${stack}.yaml`), stringify({ config, encryptionsalt: "v1:foreign" }));
  }

  const { PULUMI_BACKEND_URL: _backend, PULUMI_CONFIG_PASSPHRASE_FILE: _file, PULUMI_CONFIG_PASSPHRASE: _phrase, ...clean } = process.env;

  function prepare(stack: string, secrets: Readonly<Record<string, string>> = {}, ci = "true"): Promise<RunResult> {
    return run("bash", ["scripts/ci/preview-backend.sh", stack], {
      cwd: checkout,
      // A secret that is not set reaches the step as an empty variable.
      env: {
        ...clean,
        PULUMI_BACKEND_URL: "",
        PULUMI_CONFIG_PASSPHRASE: "",
        ...secrets,
        CI: ci,
        RUNNER_TEMP: runner,
        GITHUB_ENV: join(runner, "env"),
        GITHUB_PATH: join(runner, "path"),
      },
    });
  }

  /** The next step sees only what was handed to it. */
  function preview(stack: string): Promise<RunResult> {
    const handed = readFileSync(join(runner, "env"), "utf8").trim().split("\n");
    const variables = Object.fromEntries(handed.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
    const path = readFileSync(join(runner, "path"), "utf8").trim().split("\n").toReversed().join(":");
    return run("pulumi", ["preview", "--stack", stack, "--diff", "--non-interactive", "--color", "never"], {
      cwd: checkout,
      env: { ...clean, ...variables, PATH: `${path}:${clean["PATH"] ?? ""}` },
    });
  }

  it.each(["staging", "production"])("of %s works without any secret, against an empty state", async (stack) => {
    const prepared = await prepare(stack);
    expect(prepared.code, prepared.output).toBe(0);
    expect(prepared.stdout).toContain(`the preview of ${stack} compares with an empty state`);
    const handed = readFileSync(join(runner, "env"), "utf8");
    expect(handed).not.toContain(readFileSync(join(runner, "pulumi-passphrase"), "utf8"));
    expect(statSync(join(runner, "pulumi-passphrase")).mode & 0o777).toBe(0o600);
    const shown = await preview(stack);
    expect(shown.code, shown.output).toBe(0);
    expect(shown.output).toContain("docker:index/container:Container");
  });

  it("compares with the state of a backend when there is one", async () => {
    const backend = `file://${join(checkout, "backend")}`;
    mkdirSync(join(checkout, "backend"));
    const secrets = { PULUMI_BACKEND_URL: backend, PULUMI_CONFIG_PASSPHRASE: "a passphrase of the team" };
    const missing = await prepare("staging", secrets);
    expect(missing.code).not.toBe(0);
    expect(missing.stderr).toContain("there is no stack staging in the backend: deploy it first");
    // The stack's owner has made it; the salt of that passphrase is in the checkout's stack file.
    const file = join(checkout, "Pulumi.staging.yaml");
    writeFileSync(file, readFileSync(file, "utf8").replace(/^encryptionsalt.*\n/m, ""));
    const made = await run("pulumi", ["stack", "init", "staging", "--non-interactive"], { cwd: checkout, env: { ...clean, ...secrets } });
    expect(made.code, made.output).toBe(0);
    const prepared = await prepare("staging", secrets);
    expect(prepared.code, prepared.output).toBe(0);
    expect(prepared.stdout).toContain("compares with the state of the backend");
    expect((await preview("staging")).code).toBe(0);
  });

  it("refuses half a set of secrets, an unknown stack, and to change a checkout that is kept", async () => {
    expect((await prepare("staging", { PULUMI_BACKEND_URL: "file:///x" })).stderr).toContain("PULUMI_CONFIG_PASSPHRASE is not");
    expect((await prepare("stagin")).stderr).toContain("there is no stack stagin");
    expect((await prepare("staging", {}, "")).stderr).toContain("this is for continuous integration");
  });

  it("shows a mistake in a stack file", async () => {
    const file = join(checkout, "Pulumi.staging.yaml");
    writeFileSync(file, readFileSync(file, "utf8").replace("pgstack:replicas", "pgstack:replica"));
    expect((await prepare("staging")).code).toBe(0);
    const shown = await preview("staging");
    expect(shown.code).not.toBe(0);
    expect(shown.output).toContain("did you mean `replicas`?");
  });
});
