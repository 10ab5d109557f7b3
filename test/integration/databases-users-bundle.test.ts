import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { BundleProject } from "../../testing/bundle-project.ts";
import { run } from "../../testing/run.ts";
import { root } from "../../testing/stacks.ts";

const keys = {
  replicas: 1,
  exporters: false,
  databases: { shop: { owner: "shop", schemas: ["sales"], prismaShadow: true } },
  users: { shop: {}, reporter: { access: { shop: "read" }, connectionLimit: 4 } },
};

/** A bundle has the declared databases and users too. */
describe("a bundle with declared databases and users", () => {
  let bundle: BundleProject;

  beforeAll(async () => {
    bundle = await BundleProject.create(keys);
    await bundle.render();
    await bundle.up();
  });
  afterAll(() => bundle?.remove());

  const list = async (command: "users" | "databases"): Promise<readonly string[]> => {
    const { stdout } = await run(process.execPath, [`${root}/src/cli/main.ts`, command, "--bundle", bundle.folder, "--json"]);
    const rows = (JSON.parse(stdout) as Record<string, readonly { readonly name: string; readonly declared: string }[]>)[command] ?? [];
    return rows.map(({ name, declared }) => `${name} ${declared}`);
  };

  it("has them when `up --wait` returns, and its check finds nothing", async () => {
    const { code, report } = await bundle.check();
    expect({ code, findings: report.findings }).toEqual({ code: 0, findings: [] });
    expect(await list("databases")).toEqual(["app first", "shop declared", "shop_shadow declared"]);
    expect(await list("users")).toEqual(["app first", "reporter declared", "shop declared"]);
  });

  it("keeps the passwords of those that stay, and takes one more", async () => {
    const before = await bundle.sql("pg1", "select rolpassword from pg_authid where rolname = 'reporter'");
    await bundle.render({ users: { ...keys.users, clerk: { access: { shop: "write" } } } });
    await bundle.up();
    expect(await bundle.sql("pg1", "select rolpassword from pg_authid where rolname = 'reporter'")).toBe(before);
    expect((await bundle.check()).code).toBe(0);
    expect(await list("users")).toEqual(["app first", "clerk declared", "reporter declared", "shop declared"]);
  });

  it("lets in no longer who is taken out, and drops nothing", async () => {
    await bundle.render();
    await bundle.up();
    expect(await list("users")).toEqual(["app first", "reporter declared", "shop declared", "clerk undeclared"]);
    expect((await bundle.check()).code).toBe(0);
  });
});
