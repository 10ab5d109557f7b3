import { beforeAll, describe, expect, it } from "vitest";

import { PlannedCluster } from "../../components/planned-cluster.ts";
import { clusterName } from "../../src/plan/names.ts";
import { clusterOutputs } from "../../components/outputs.ts";
import type { ClusterPlan } from "../../src/plan/types.ts";
import { renderFiles } from "../../src/render/files.ts";
import { isSecret, plainText, Recorder, reveal, valueOf } from "../../testing/pulumi.ts";
import type { StackKeys } from "../../testing/stacks.ts";
import { aPlan, fakeUserPassword, root, secretValues } from "../../testing/stacks.ts";

const keys: StackKeys = {
  databases: { shop: { owner: "seller", prismaShadow: true } },
  users: { seller: {}, reporter: { access: { shop: "read", app: "read" } }, batch: { access: { app: "write" }, pooled: false } },
};

async function deploy(plan: ClusterPlan): Promise<{ recorder: Recorder; outputs: Record<string, unknown> }> {
  const recorder = await Recorder.start(plan.stack);
  const cluster = await recorder.run(
    () => new PlannedCluster(clusterName, { plan, files: renderFiles(plan), root, bundleFolder: `build/${plan.stack}` }),
  );
  return { recorder, outputs: clusterOutputs(plan, cluster) };
}

describe("declared databases and users", () => {
  let recorder: Recorder;
  let outputs: Record<string, unknown> = {};
  const passwords = ["batch", "reporter", "seller"].map(fakeUserPassword);
  beforeAll(async () => {
    ({ recorder, outputs } = await deploy(aPlan(keys)));
  });

  it("have a password each, named by the user, so that one can be replaced alone", () => {
    const names = recorder.ofType("random:index/randomPassword:RandomPassword").map(({ name }) => name);
    expect(names.filter((name) => name.startsWith("secrets-user-"))).toEqual(
      ["batch", "reporter", "seller"].map((name) => `secrets-user-${name}`),
    );
  });

  it("show no password and no verifier in any input", () => {
    for (const { id, inputs } of recorder.registrations) {
      const shown = plainText(inputs);
      expect(
        [...secretValues, ...passwords].filter((value) => shown.includes(value)),
        id,
      ).toEqual([]);
      expect(shown, id).not.toContain("SCRAM-SHA-256$");
    }
    const roles = recorder.find("pgstack:index:Roles", "roles").inputs;
    expect(isSecret(roles["verifiers"])).toBe(true);
    expect(Object.keys(reveal(roles["verifiers"]) as object).toSorted()).toEqual([
      "app",
      "batch",
      "monitoring",
      "replicator",
      "reporter",
      "seller",
    ]);
  });

  it("show in a preview what is declared, in clear", () => {
    const { inputs } = recorder.find("pgstack:index:Roles", "roles");
    expect((inputs["databases"] as { name: string; owner: string }[]).map(({ name, owner }) => `${name} ${owner}`)).toEqual([
      "shop seller",
      "shop_shadow seller",
    ]);
    expect((inputs["users"] as { name: string }[]).map(({ name }) => name)).toEqual(["batch", "reporter", "seller"]);
  });

  it("are dropped after roles, nodes' files and pooler, by a resource that knows no secret", () => {
    const { inputs, dependencies } = recorder.find("pgstack:index:Leftovers", "leftovers");
    expect(dependencies).toEqual(
      expect.arrayContaining([
        "pgstack:index:Roles roles",
        "pgstack:index:ConfigFiles pooler-config",
        "docker:index/container:Container pooler",
      ]),
    );
    expect(inputs["declared"]).toEqual({
      databases: { shop: "seller", shop_shadow: "seller" },
      users: ["batch", "reporter", "seller"],
      entries: {
        app: { app: "owner" },
        batch: { app: "write" },
        reporter: { app: "read", shop: "read" },
        seller: { shop: "owner", shop_shadow: "owner" },
      },
      first: { database: "app", owner: "app" },
      remove: { databases: [], users: {} },
    });
    expect(recorder.find("pgstack:index:Preflight", "preflight").inputs["declared"]).toEqual(inputs["declared"]);
  });

  it("have a route in the pooler only after they are made", () => {
    expect(recorder.find("pgstack:index:ConfigFiles", "pooler-config").dependencies).toContain("pgstack:index:Roles roles");
  });

  it("give secret connection strings by user and database", async () => {
    const { value, secret } = await valueOf(outputs["userUrls"] as Parameters<typeof valueOf>[0]);
    expect(secret).toBe(true);
    const url = (user: string, port: number, route: string): string =>
      `postgresql://${user}:${fakeUserPassword(user)}@127.0.0.1:${port}/${route}`;
    // All nodes: whichever leads takes the session.
    const direct = (user: string, database: string): string =>
      `postgresql://${user}:${fakeUserPassword(user)}@127.0.0.1:5432,127.0.0.1:5433/${database}?target_session_attrs=read-write`;
    expect(value).toEqual({
      batch: { app: { direct: direct("batch", "app") } },
      reporter: {
        app: { write: url("reporter", 6432, "app"), read: url("reporter", 6432, "app_ro"), direct: direct("reporter", "app") },
        shop: { write: url("reporter", 6432, "shop"), read: url("reporter", 6432, "shop_ro"), direct: direct("reporter", "shop") },
      },
      seller: {
        shop: { write: url("seller", 6432, "shop"), read: url("seller", 6432, "shop_ro"), direct: direct("seller", "shop") },
        shop_shadow: { direct: direct("seller", "shop_shadow") },
      },
    });
  });
});

describe("a stack without any", () => {
  it("has the same inputs and outputs as with empty keys, and none that names them but the record of what is declared", async () => {
    const without = await deploy(aPlan({}));
    const empty = await deploy(aPlan({ databases: {}, users: {}, remove: {} }));
    const all = (recorder: Recorder): unknown => recorder.registrations.map(({ id, inputs }) => [id, reveal(inputs)]);
    expect(all(empty.recorder)).toEqual(all(without.recorder));
    const roles = without.recorder.find("pgstack:index:Roles", "roles").inputs;
    expect(Object.keys(roles).toSorted()).toEqual([
      "database",
      "extensions",
      "host",
      "monitoring",
      "monitoringConnections",
      "owner",
      "prefix",
      "verifiers",
    ]);
    expect(Object.keys(without.outputs)).not.toContain("userUrls");
    const check = without.recorder.find("pgstack:index:ReplicationCheck", "check").inputs;
    expect(Object.keys(check["target"] as object)).not.toContain("declared");
  });
});
