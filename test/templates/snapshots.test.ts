import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

import { renderFiles } from "../../src/render/files.ts";
import { allFiles, root, stackPlan, stacks, textOfFile } from "../../testing/stacks.ts";

/** Not rendered but copied; a snapshot per node would only repeat them. */
const copied: Readonly<Record<string, string>> = {
  "node.sh": "postgres",
  "heartbeat.pl": "postgres",
  "console.pl": "pgbouncer",
  "launch.pl": "pgbouncer",
  "resume-later.pl": "pgbouncer",
};

/** A snapshot's path below `__snapshots__`; secret files say that the secrets in them are fakes. */
function snapshotName(stack: string, name: string, kind: "plain" | "secret"): string {
  return `${stack}/${name}${kind === "secret" ? ".with-fake-secrets" : ""}`;
}

describe.each(stacks)("the files of %s", (stack) => {
  const files = allFiles(renderFiles(stackPlan(stack)));
  const rendered = files.filter(({ name }) => !Object.keys(copied).some((script) => name.endsWith(`/${script}`)));

  it.each(rendered)("$name is what the snapshot shows", async ({ name, file }) => {
    await expect(textOfFile(file)).toMatchFileSnapshot(`__snapshots__/${snapshotName(stack, name, file.kind)}`);
  });

  it("are all that there are snapshots of", () => {
    const folder = fileURLToPath(new URL(`__snapshots__/${stack}`, import.meta.url));
    const found = existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }) : [];
    const snapshots = found
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1))
      // Those of bundle.test.ts.
      .filter((name) => !name.startsWith("bundle/"));
    expect(snapshots.toSorted()).toEqual(
      rendered.map(({ name, file }) => snapshotName(stack, name, file.kind).slice(stack.length + 1)).toSorted(),
    );
  });

  it("have these names, kinds and modes", () => {
    const shown = files.map(({ name, file }) => `${name} ${file.kind} ${file.mode.toString(8)}`);
    const nodes = stackPlan(stack).nodes.flatMap(({ name }) => [
      `${name}/postgresql.conf plain 644`,
      `${name}/pg_hba.conf plain 644`,
      `${name}/pg_ident.conf plain 644`,
      `${name}/node.env plain 644`,
      `${name}/node.sh plain 644`,
      `${name}/heartbeat.pl plain 644`,
      `${name}/replicator.pgpass secret 400`,
    ]);
    const processes = { staging: [1, 2], production: [1, 2, 3] }[stack];
    expect(shown).toEqual([
      ...nodes,
      "pooler/pgbouncer.ini plain 644",
      ...processes.map((number) => `pooler/process-${number}.ini plain 644`),
      "pooler/console.pl plain 644",
      "pooler/launch.pl plain 644",
      "pooler/resume-later.pl plain 644",
      "pooler/userlist.txt secret 600",
      "pooler/routes.json plain 644",
      ...processes.map((number) => `pooler/routes-${number}.ini plain 644`),
      "exporters/queries.yaml plain 644",
      "exporters/monitoring.password secret 400",
      "exporters/monitoring.pgpass secret 400",
      ...(stack === "production" ? ["prometheus/prometheus.yml plain 644", "prometheus/rules.yml plain 644"] : []),
    ]);
  });

  it("are the same bytes when they are rendered again", () => {
    const again = allFiles(renderFiles(stackPlan(stack)));
    expect(again.map(({ file }) => textOfFile(file))).toEqual(files.map(({ file }) => textOfFile(file)));
  });

  it.each(Object.entries(copied))("hold %s as it is in templates/%s", (name, folder) => {
    const script = readFileSync(`${root}/templates/${folder}/${name}`, "utf8");
    const scripts = files.filter((one) => one.name.endsWith(`/${name}`)).map(({ file }) => textOfFile(file));
    expect(scripts).toEqual(folder === "postgres" ? stackPlan(stack).nodes.map(() => script) : [script]);
  });
});
