import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, it } from "vitest";
import { parse } from "yaml";

import { readSetup } from "../../src/agents/setup/read.ts";
import { setupFiles } from "../../src/agents/setup/spec.ts";
import { isRoutesFile } from "../../src/pgbouncer/routes.ts";
import { planContainers } from "../../src/plan/containers.ts";
import { rolesSql } from "../../src/postgres/roles.ts";
import { renderBundle } from "../../src/render/compose/bundle.ts";
import type { BundleFile } from "../../src/render/compose/bundle.ts";
import { renderFiles } from "../../src/render/files.ts";
import { rolesSpec, serverVerifiers } from "../../src/render/roles-spec.ts";
import type { StackKeys } from "../../testing/stacks.ts";
import { aPlan, fakeSecrets, root, secretValues, stackPlan, stacks } from "../../testing/stacks.ts";

const bundleOf = (plan: ReturnType<typeof aPlan>): readonly BundleFile[] => renderBundle(plan, root);
const textOf = (file: BundleFile): string => (file.kind === "plain" ? file.content : file.render(fakeSecrets));

/** What only a bundle has; its other files have snapshots of their own. */
const own = ["README.md", "compose.yaml", "check.json", "config/config/files", "config/setup/setup.json", "secrets/setup/secrets.json"];

describe.each(stacks)("the bundle of %s", (stack) => {
  const bundle = bundleOf(stackPlan(stack));

  it.each(own)("has %s as the snapshot shows", async (path) => {
    const file = bundle.find((one) => one.path === path);
    if (file === undefined) throw new Error(`no file ${path}`);
    const name = `${path}${file.kind === "secret" ? ".with-fake-secrets" : ""}`;
    await expect(textOf(file)).toMatchFileSnapshot(`__snapshots__/${stack}/bundle/${name}`);
  });

  it("gives roles by the SQL that the snapshot shows", async () => {
    const plan = stackPlan(stack);
    const sql = rolesSql({ ...rolesSpec(plan), verifiers: serverVerifiers(plan, fakeSecrets) });
    await expect(`${sql}\n`).toMatchFileSnapshot(`__snapshots__/${stack}/bundle/roles.sql.with-fake-secrets`);
  });

  it("is the same bytes when it is rendered again", () => {
    expect(bundleOf(stackPlan(stack)).map((file) => [file.path, textOf(file)])).toEqual(bundle.map((file) => [file.path, textOf(file)]));
  });

  it("holds the same files as the Docker target's volumes, but for the names in a node's advice", () => {
    const { nodes, pooler, exporters } = renderFiles(stackPlan(stack));
    const volumes = [...nodes, ["pooler", pooler] as const, ["exporters", exporters ?? []] as const];
    for (const [service, files] of volumes) {
      for (const file of files) {
        const found = bundle.find(({ path }) => path === `${file.kind === "plain" ? "config" : "secrets"}/${service}/${file.path}`);
        const text = found === undefined ? "" : textOf(found).replaceAll(`pgstack-${stack}-bundle`, `pgstack-${stack}`);
        expect(text, file.path).toBe(file.kind === "plain" ? file.content : file.render(fakeSecrets));
      }
    }
  });

  it("holds every file that copy.sh is to copy, in the mode that its reader needs", () => {
    const list = bundle.find(({ path }) => path === "config/config/files");
    const lines = (list === undefined ? "" : textOf(list)).trimEnd().split("\n");
    const paths = bundle.map(({ path }) => path);
    for (const line of lines) {
      const [mode, how, kind, service, name] = line.split(" ");
      expect(paths).toContain(`${kind}/${service}/${name}`);
      expect(mode).toMatch(kind === "config" ? /^0644$/ : /^0[46]00$/);
      expect(how, line).toBe(name !== undefined && isRoutesFile(name) ? "keep" : "replace");
    }
    expect(new Set(lines).size).toBe(lines.length);
  });

  it("names no container and no volume of the Docker target", () => {
    for (const file of bundle) {
      const names = textOf(file).match(new RegExp(`\\bpgstack-${stack}(?!-bundle)\\b[\\w-]*`, "g")) ?? [];
      expect(names, file.path).toEqual([]);
    }
  });

  it("has no secret in a plain file", () => {
    for (const file of bundle) {
      if (file.kind === "plain")
        expect(
          secretValues.filter((value) => file.content.includes(value)),
          file.path,
        ).toEqual([]);
    }
    expect(bundle.filter(({ kind }) => kind === "secret").map(({ path }) => path.split("/")[0])).not.toContain("config");
  });

  it("has the Dockerfiles that its Compose file builds from", () => {
    const file = bundle.find(({ path }) => path === "compose.yaml");
    const { services } = parse(file === undefined ? "" : textOf(file)) as { services: Record<string, { build?: { context: string } }> };
    const contexts = Object.values(services).flatMap(({ build }) => (build === undefined ? [] : [build.context]));
    const paths = bundle.map(({ path }) => path);
    for (const context of contexts) expect(paths).toContain(`${context.slice(2)}/Dockerfile`);
  });
});

it("a bundle without exporters holds none of their files", () => {
  const keys: StackKeys = { exporters: false };
  expect(bundleOf(aPlan(keys)).filter(({ path }) => path.includes("exporter"))).toEqual([]);
});

it("a bundle has the same services as the Docker target", () => {
  const plan = aPlan({ replicas: 2 });
  const file = bundleOf(plan).find(({ path }) => path === "compose.yaml");
  const { services } = parse(file === undefined ? "" : textOf(file)) as { services: Record<string, unknown> };
  expect(Object.keys(services)).toEqual(expect.arrayContaining(planContainers(plan).map(({ service }) => service)));
});

describe("copy.sh", () => {
  const script = `${root}/templates/compose/copy.sh`;
  const hasShellcheck = spawnSync("shellcheck", ["--version"]).status === 0;

  it("is a bash script without syntax errors", () => {
    const { status, stderr } = spawnSync("bash", ["-n", script], { encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });

  it.skipIf(!hasShellcheck && process.env["REQUIRE_SHELLCHECK"] !== "1")("has nothing that shellcheck objects to", () => {
    const { status, stdout } = spawnSync("shellcheck", ["--norc", "--shell=bash", script], { encoding: "utf8" });
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
  });
});

it("setup has what its program reads, and its secrets in the secret file alone", () => {
  const bundle = bundleOf(aPlan({ replicas: 2 }));
  const fileAt = (path: string): string => textOf(bundle.find((file) => file.path === path) ?? { kind: "plain", path, content: "" });
  const folder = mkdtempSync(join(tmpdir(), "pgstack-setup-"));
  try {
    for (const [name, path] of [
      [setupFiles.spec, "config/setup/setup.json"],
      [setupFiles.secrets, "secrets/setup/secrets.json"],
    ] as const)
      writeFileSync(join(folder, name), fileAt(path));
    const { spec, secrets } = readSetup(folder);
    expect(spec.nodes).toEqual(["pg1", "pg2", "pg3"]);
    expect(Object.keys(secrets.verifiers).toSorted()).toEqual(["app", "monitoring", "replicator"]);
    expect(secrets.poolerPassword).toBe(fakeSecrets.passwords.pgbouncer);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
