import { describe, expect, it } from "vitest";

import { evaluate } from "../../../src/check/evaluate.ts";
import { loginProbes } from "../../../src/check/logins.ts";
import { failed } from "../../../src/check/observation.ts";
import { checkSecretsOf, checkTargetOf } from "../../../src/target/target.ts";
import { aPlan, fakeSecretsOf, fakeUserPassword } from "../../../testing/stacks.ts";
import { anObservation, logins, noEntry } from "./fixtures.ts";

const plan = aPlan({
  replicas: 1,
  databases: { shop: { owner: "shop", prismaShadow: true }, blog: {} },
  users: { shop: {}, reporter: { access: { shop: "read" } }, batch: { access: { blog: "write" }, pooled: false } },
});
const target = checkTargetOf(plan);
const probes = loginProbes(target);
const keysOf = (user: string, expect: "accepted" | "refused"): string[] =>
  probes.filter((probe) => probe.user === user && probe.expect === expect && probe.password === "own").map(({ key }) => key);

describe("logins of declared users", () => {
  it("must work where they have business, on every node and route", () => {
    expect(keysOf("reporter", "accepted")).toEqual([
      "reporter at pg1 (database shop)",
      "reporter at pg2 (database shop)",
      "reporter at write route shop",
      "reporter at read route shop_ro",
    ]);
    expect(keysOf("batch", "accepted")).toEqual(["batch at pg1 (database blog)", "batch at pg2 (database blog)"]);
    expect(keysOf("shop", "accepted")).toContain("shop at pg1 (database shop_shadow)");
    expect(keysOf("app", "accepted")).toContain("app at write route blog");
  });

  it("must fail everywhere else", () => {
    expect(keysOf("reporter", "refused")).toEqual([
      "reporter at pg1 (database app)",
      "reporter at write route app",
      "reporter at pg1 (database blog)",
      "reporter at write route blog",
      "reporter at pg1 (database shop_shadow)",
      "reporter at pg1 (database postgres)",
      "reporter at pg2 (database postgres)",
    ]);
    expect(keysOf("batch", "refused")).toContain("batch at write route blog");
    expect(keysOf("app", "refused")).toContain("app at write route shop");
  });

  it("are tried once each, at one process of the pooler after the other", () => {
    const routed = probes.filter(({ place, role }) => place.kind === "route" && (place.database !== undefined || role.startsWith("user:")));
    expect(routed.length).toBeGreaterThan(4);
    for (const [index, { place, port }] of routed.entries()) {
      const process = target.processes[index % target.processes.length];
      expect([place.kind === "route" && place.process, port]).toEqual([process?.number, process?.port]);
    }
  });

  it("have keys of their own", () => {
    expect(new Set(probes.map(({ key }) => key)).size).toBe(probes.length);
  });

  it("are none in a stack without declared users", () => {
    expect(loginProbes(checkTargetOf(aPlan({ replicas: 1 }))).some(({ role }) => role.startsWith("user:"))).toBe(false);
  });

  it("use passwords by user, in addition to those of the roles of every cluster", () => {
    const secrets = checkSecretsOf(fakeSecretsOf(plan));
    expect(secrets["user:reporter"]).toBe(fakeUserPassword("reporter"));
    expect(Object.keys(secrets)).toHaveLength(7);
  });
});

describe("findings about them", () => {
  it("name the user and its route", () => {
    const change = logins(({ key }) => key === "reporter at write route shop", failed(noEntry));
    expect(evaluate(target, change(anObservation(target)))).toEqual([
      expect.objectContaining({ code: "login-refused", observed: expect.stringContaining("reporter is refused at write route shop") }),
    ]);
  });

  it("name the route of another database that leads nowhere", () => {
    const gone = failed({ kind: "silent", code: "TIMEOUT", message: "no answer" });
    const change = logins(({ key }) => key === "reporter at write route shop", gone);
    const [finding] = evaluate(target, change(anObservation(target)));
    expect(finding).toMatchObject({ code: "write-route-failed" });
    expect(finding?.action).toContain("database shop of the pooler");
  });
});
