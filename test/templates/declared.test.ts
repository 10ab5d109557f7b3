import { describe, expect, it } from "vitest";

import { bundlePlan } from "../../src/plan/bundle.ts";
import { renderFiles } from "../../src/render/files.ts";
import { rolesSql } from "../../src/postgres/roles.ts";
import { rolesSpec, serverVerifiers } from "../../src/render/roles-spec.ts";
import { renderBundle } from "../../src/render/compose/bundle.ts";
import { allFiles, aPlan, fakeSecretsOf, root } from "../../testing/stacks.ts";

/** What declared databases and users add to rendered files. */
describe("the files of a stack with declared databases and users", () => {
  const plan = aPlan({
    databases: { shop: { owner: "shop", schemas: ["sales"], extensions: ["pg_trgm"], prismaShadow: true, connectionLimit: 60 }, blog: {} },
    users: {
      shop: { connectionLimit: 20 },
      reporter: { access: { app: "read", shop: "read" }, connectionLimit: 5 },
      batch: { access: { blog: "write" }, pooled: false, connectionLimit: 4 },
    },
  });
  const secrets = fakeSecretsOf(plan);
  const text = (name: string): string => {
    const found = allFiles(renderFiles(plan)).find((one) => one.name === name);
    if (found === undefined) throw new Error(`no file ${name}`);
    return found.file.kind === "plain" ? found.file.content : found.file.render(secrets);
  };
  const bundle = renderBundle(plan, root);
  const bundleText = (path: string): string => {
    const file = bundle.find((one) => one.path === path);
    if (file === undefined) throw new Error(`no file ${path}`);
    return file.kind === "plain" ? file.content : file.render(secrets);
  };

  it.each(["pg1/pg_hba.conf", "pooler/process-1.ini", "pooler/process-2.ini", "pooler/userlist.txt"])(
    "have %s as the snapshot shows",
    async (name) => {
      const kind = name.endsWith("userlist.txt") ? ".with-fake-secrets" : "";
      await expect(text(name)).toMatchFileSnapshot(`__snapshots__/declared/${name}${kind}`);
    },
  );

  it.each(["secrets/setup/secrets.json", "config/setup/setup.json", "check.json"])(
    "have %s in the bundle as the snapshot shows",
    async (name) => {
      const kind = name === "config/setup/setup.json" ? "" : ".with-fake-secrets";
      await expect(bundleText(name)).toMatchFileSnapshot(`__snapshots__/declared/bundle/${name}${kind}`);
    },
  );

  it("are made by the SQL that the snapshot shows", async () => {
    const sql = rolesSql({ ...rolesSpec(plan), verifiers: serverVerifiers(plan, secrets) });
    await expect(`${sql}\n`).toMatchFileSnapshot("__snapshots__/declared/bundle/roles.sql.with-fake-secrets");
  });

  it("know a password nowhere but in the bundle's secrets", () => {
    const values = Object.values(secrets.users);
    const texts = allFiles(renderFiles(plan)).map(({ name }) => [name, text(name)] as const);
    const plain = bundle.filter(({ kind }) => kind === "plain").map(({ path }) => [path, bundleText(path)] as const);
    for (const [name, content] of [...texts, ...plain]) {
      expect(
        values.filter((value) => content.includes(value)),
        name,
      ).toEqual([]);
    }
    expect(JSON.parse(bundleText("secrets/passwords.json"))).toEqual(secrets);
  });

  it("are the same for nodes and pooler in both targets", () => {
    const { nodes } = renderFiles(bundlePlan(plan));
    const file = nodes.get("pg1")?.find(({ path }) => path === "pg_hba.conf");
    expect(file?.kind === "plain" ? file.content : "").toBe(text("pg1/pg_hba.conf"));
  });
});
