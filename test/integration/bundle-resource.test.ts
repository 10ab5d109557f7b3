import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { runProgram } from "../../src/cli/program.ts";
import { renderCommand } from "../../src/cli/render.ts";
import { Deployment } from "../../testing/deployment.ts";
import { run } from "../../testing/run.ts";

/** What `up` writes to build/<stack>; each step continues from the one before. */
describe("the bundle of a deployment", () => {
  let deployment: Deployment;
  let folder: string;

  beforeAll(async () => {
    deployment = await Deployment.create("staging", { memory: "512MB", replicas: 0, exporters: false });
    folder = join(deployment.folder, "build", deployment.stack);
    await deployment.up();
  });
  afterAll(() => deployment?.remove());

  const contents = (): Record<string, string> =>
    Object.fromEntries(
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => [join(parentPath, name).slice(folder.length + 1), readFileSync(join(parentPath, name), "utf8")]),
    );

  it("is written below the project, for its owner alone, and Compose accepts it", async () => {
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, "secrets/passwords.json")).mode & 0o777).toBe(0o600);
    expect(await run("docker", ["compose", "config", "-q"], { cwd: folder })).toMatchObject({ code: 0, output: "" });
  });

  it("is what `pgstack render` writes with the same secrets", async () => {
    const before = contents();
    const io = { out: () => undefined, err: () => undefined, isTerminal: false, signal: new AbortController().signal };
    const args = ["render", "--stack", deployment.stack, "--out", folder];
    expect(await runProgram(args, io, [renderCommand(deployment.folder)])).toBe(0);
    expect(contents()).toEqual(before);
  });

  it("has no path of this machine and no clear secret in the state", async () => {
    const { stdout } = await deployment.pulumi("stack", "export", "--stack", deployment.stack);
    const { resources } = (JSON.parse(stdout) as { deployment: { resources: { type: string; inputs: Record<string, unknown> }[] } })
      .deployment;
    const bundle = JSON.stringify(resources.find(({ type }) => type === "pgstack:index:ComposeBundle"));
    expect(bundle).toContain(`"build/${deployment.stack}"`);
    expect(bundle).not.toContain(deployment.folder);
    const { secrets } = (await deployment.outputs()).check;
    expect(Object.values(secrets).filter((password) => bundle.includes(password))).toEqual([]);
  });

  it("shows a changed setting as a line of a file", async () => {
    deployment.configure({ settings: { work_mem: "9MB" } });
    const { output } = await deployment.preview("--diff");
    expect(output).toContain("config/pg1/postgresql.conf");
    expect(output).toContain("+ work_mem = '9MB'");
    await deployment.up();
    expect(contents()["config/pg1/postgresql.conf"]).toContain("work_mem = '9MB'");
  });

  it("is put right when it was changed by hand or removed", async () => {
    const before = contents();
    appendFileSync(join(folder, "compose.yaml"), "# changed\n");
    await deployment.up();
    expect(contents()).toEqual(before);
    rmSync(folder, { recursive: true });
    await deployment.up();
    expect(contents()).toEqual(before);
    await deployment.up("--expect-no-changes");
  });

  it("goes with the stack; what others put there stays", async () => {
    writeFileSync(join(folder, "notes.txt"), "mine");
    expect((await deployment.destroy()).code).toBe(0);
    expect(Object.keys(contents())).toEqual(["notes.txt"]);
    expect(existsSync(join(folder, "secrets"))).toBe(false);
  });
});
