import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { stringify } from "yaml";

import type { StackKeys } from "../../testing/stacks.ts";
import { root } from "../../testing/stacks.ts";

/** What `.github/workflows/preview.yml` runs to tell the impact of a pull request, without credentials and without an engine. */
describe("the impact of a pull request", () => {
  let checkout: string;
  let runner: string;

  beforeEach(() => {
    checkout = mkdtempSync(join(tmpdir(), "pgstack-checkout-"));
    runner = mkdtempSync(join(tmpdir(), "pgstack-runner-"));
    for (const entry of ["src", "templates", "images", "scripts", "pgstack", "Pulumi.yaml", "package.json"]) {
      cpSync(join(root, entry), join(checkout, entry), { recursive: true });
    }
    symlinkSync(join(root, "node_modules"), join(checkout, "node_modules"));
    writeFileSync(join(checkout, ".gitignore"), "node_modules\n.pgstack\n");
    configure({ replicas: 1 });
    git("init", "--quiet");
    git("add", "--all");
    git("commit", "--quiet", "--message", "base");
    // Answers like the GitHub command line, and writes down how it was called.
    mkdirSync(join(runner, "bin"));
    writeFileSync(
      join(runner, "bin/gh"),
      `#!/bin/sh\necho "$*" >>"${runner}/calls"\ncase "$*" in *--paginate*) cat "${runner}/known" ;; *) cp "${runner}/impact.md" "${runner}/comment" ;; esac\n`,
    );
    chmodSync(join(runner, "bin/gh"), 0o755);
    for (const file of ["known", "summary", "calls"]) writeFileSync(join(runner, file), "");
  });
  afterEach(() => {
    rmSync(checkout, { recursive: true, force: true });
    rmSync(runner, { recursive: true, force: true });
  });

  const text = (file: string): string => readFileSync(join(runner, file), "utf8");

  function configure(keys: StackKeys): void {
    const config = Object.fromEntries(Object.entries(keys).map(([key, value]) => [`pgstack:${key}`, value]));
    writeFileSync(join(checkout, "Pulumi.staging.yaml"), stringify({ config }));
  }

  function git(...args: readonly string[]): void {
    const identity = [
      "-c",
      "user.name=test",
      "-c",
      "user.email=test@example.com",
      "-c",
      "commit.gpgsign=false",
      "-c",
      "core.hooksPath=/dev/null",
    ];
    const { status, stderr } = spawnSync("git", [...identity, ...args], { cwd: checkout, encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
  }

  function impact(base = "HEAD", variables: Readonly<Record<string, string>> = {}) {
    return spawnSync("bash", ["scripts/ci/impact.sh", "staging", base], {
      cwd: checkout,
      encoding: "utf8",
      env: {
        ...process.env,
        PATH: `${join(runner, "bin")}:${process.env["PATH"] ?? ""}`,
        RUNNER_TEMP: runner,
        PULUMI_BACKEND_URL: `file://${runner}/pulumi-state`,
        GITHUB_STEP_SUMMARY: join(runner, "summary"),
        GITHUB_REPOSITORY: "team/db",
        PULL_REQUEST: "7",
        GH_TOKEN: "",
        ...variables,
      },
    });
  }

  it("is in the summary of the run, and without a token in no comment", () => {
    configure({ replicas: 1, settings: { work_mem: "16MB" } });
    const { status, stdout } = impact();
    expect(status, stdout).toBe(0);
    expect(text("summary")).toContain("<!-- pgstack impact: staging -->\n### Impact on `staging`, compared with commit HEAD");
    expect(text("summary")).toContain("**reload**\n\n- `work_mem 4MB → 16MB`");
    expect(text("calls")).toBe("");
  });

  it("is in one comment, which the next run edits", () => {
    configure({ replicas: 1, settings: { work_mem: "16MB" } });
    expect(impact("HEAD", { GH_TOKEN: "t" }).status).toBe(0);
    expect(text("calls")).toContain("api --method POST repos/team/db/issues/7/comments --field body=@");
    expect(text("comment")).toContain("work_mem 4MB → 16MB");
    writeFileSync(join(runner, "known"), "4711\n");
    expect(impact("HEAD", { GH_TOKEN: "t" }).status).toBe(0);
    expect(text("calls")).toContain("api --method PATCH repos/team/db/issues/comments/4711 --field body=@");
  });

  it("fails when a change is refused, after it has said why", () => {
    configure({ replicas: 1, locale: "en-US" });
    const { status, stderr } = impact("HEAD", { GH_TOKEN: "t" });
    expect(status).not.toBe(0);
    expect(stderr).toContain("a change of staging is refused");
    expect(text("comment")).toContain("**refused**, because indexes are built on it.");
  });

  it("says when it cannot be known, and fails nothing", () => {
    const { status } = impact("nowhere");
    expect(status).toBe(0);
    expect(text("summary")).toContain("### Impact on `staging` is not known");
    expect(text("summary")).toContain("there is no such commit in this checkout");
  });
});
