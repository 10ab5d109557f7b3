import { describe, expect, it } from "vitest";

import { ownKeys } from "../../../src/config/namespaces.ts";
import { userErrorOf } from "../../../testing/stacks.ts";

function read(keys: Readonly<Record<string, unknown>>, project = "shop"): ReturnType<typeof ownKeys> {
  return ownKeys(Object.entries(keys), project, "Pulumi.a.yaml");
}

describe("pgstack's keys in a stack's config", () => {
  it("are those of its own namespace and of the project's name, which `pulumi config set` adds", () => {
    const { values, named } = read({ "pgstack:memory": "1GB", "shop:replicas": "3", database: "app" });
    expect(values).toEqual({ memory: "1GB", replicas: "3", database: "app" });
    expect(named).toEqual({ memory: "pgstack:memory", replicas: "shop:replicas", database: "shop:database" });
  });

  it("are those of one namespace in a project named pgstack", () => {
    expect(read({ "pgstack:replicas": "3", memory: "1GB" }, "pgstack").values).toEqual({ replicas: "3", memory: "1GB" });
  });

  it("keep a colon inside a key", () => {
    expect(read({ "pgstack:a:b": "1" }).values).toEqual({ "a:b": "1" });
  });

  it("are refused in both namespaces at once, without their values", () => {
    const message = userErrorOf(() => read({ "pgstack:alertWebhook": "hidden-a", "shop:alertWebhook": "hidden-b" }));
    expect(message).toContain("Pulumi.a.yaml: shop:alertWebhook: it is the same key as pgstack:alertWebhook, and both are given");
    expect(message).not.toContain("hidden");
  });

  it("are refused with and without the namespace at once", () => {
    expect(userErrorOf(() => read({ "shop:replicas": "1", replicas: "2" }))).toContain("shop:replicas: it is given twice");
  });

  it.each([
    ["pgstak:replicas", "shop", "pgstack:replicas"],
    ["PGSTACK:replicas", "shop", "pgstack:replicas"],
    ["shops:replicas", "shop", "shop:replicas"],
    ["pg-stack:replicas", "pgstack", "pgstack:replicas"],
  ])("are refused as %s in the project %s", (key, project, meant) => {
    expect(userErrorOf(() => read({ [key]: "hidden" }, project))).toBe(
      `Pulumi.a.yaml is not valid\nPulumi.a.yaml: ${key}: "${key.split(":")[0]}" is not a namespace that is read\n  fix: did you mean \`${meant}\`?`,
    );
  });

  it("leave alone what belongs to Pulumi and to the program's providers", () => {
    const { values, ignored } = read({ "pulumi:tags": {}, "docker:host": "tcp://x", "random:x": "1" });
    expect([values, ignored]).toEqual([{}, []]);
  });

  it("name what is ignored, without its value", () => {
    expect(read({ "aws:region": "hidden", "pgstack:replicas": "1" }).ignored).toEqual([
      "Pulumi.a.yaml: aws:region: ignored, because pgstack reads the namespaces pgstack and shop only",
    ]);
    expect(read({ "aws:region": "x" }, "app").ignored).toHaveLength(1);
    expect(read({ "aws:region": "x" }, "pgstack").ignored[0]).toContain("reads the namespace pgstack only");
  });
});
