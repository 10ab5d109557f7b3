import { describe, expect, it } from "vitest";

import { planCluster } from "../../../../src/plan/cluster.ts";
import type { StackKeys } from "../../../../testing/stacks.ts";
import { aConfig, aContext, aPlan, userErrorOf } from "../../../../testing/stacks.ts";

/** Plans with the keys and gives the lines of the error behind its heading. */
function problemsOf(keys: StackKeys): string[] {
  return userErrorOf(() => planCluster(aConfig(keys), aContext()))
    .split("\n")
    .slice(1);
}

const ownImage = { images: { postgres: "registry.example/postgres:17.6" } };

describe("a time zone", () => {
  const settingOf = (keys: StackKeys): readonly (string | undefined)[] =>
    ["timezone", "log_timezone"].map((name) => aPlan(keys).nodes[0]?.settings.find((setting) => setting.name === name)?.value);

  it.each(["UTC", "US/Pacific", "Asia/Calcutta", "Europe/Kiev"])("of the built image is planned: %s", (timezone) => {
    expect(settingOf({ timezone })).toEqual([timezone, timezone]);
  });

  it("is planned in the server's spelling", () => {
    expect(settingOf({ timezone: "us/pacific" })).toEqual(["US/Pacific", "US/Pacific"]);
  });

  it.each([
    ["Asia/Manilla", "did you mean `Asia/Manila`?"],
    ["America/Los Angeles", "did you mean `America/Los_Angeles`?"],
    ["PST", "use a name of the IANA time zone database, such as UTC or Asia/Manila"],
    ["right/UTC", "did you mean `UTC`?"],
  ])("that is not in the built image is refused: %s", (timezone, fix) => {
    expect(problemsOf({ timezone })).toEqual([
      `Pulumi.test.yaml: pgstack:timezone: "${timezone}" is not a time zone of the built PostgreSQL image`,
      `  fix: ${fix}`,
    ]);
  });

  it("is up to the server of an image of the stack's own", () => {
    expect(settingOf({ timezone: "Mars/Base", ...ownImage })).toEqual(["Mars/Base", "Mars/Base"]);
  });
});

describe("an extension", () => {
  const remove = "remove it, or set images.postgres to an image that has it; docs/config.md lists what the built one has";

  it.each([
    ["postgis", remove],
    ["pgvector", "did you mean `vector`?"],
    ["uuid_ossp", "did you mean `uuid-ossp`?"],
  ])("that is not in the built image is refused: %s", (name, fix) => {
    expect(problemsOf({ extensions: ["pg_trgm", name], databases: { shop: { extensions: [name] } } })).toEqual([
      `Pulumi.test.yaml: pgstack:databases.shop.extensions.0: the built PostgreSQL image has no extension "${name}"`,
      `  fix: ${fix}`,
      `Pulumi.test.yaml: pgstack:extensions.1: the built PostgreSQL image has no extension "${name}"`,
      `  fix: ${fix}`,
    ]);
  });

  it("of the built image is planned without what it needs, which the server adds", () => {
    const plan = aPlan({ extensions: ["earthdistance"], databases: { shop: { extensions: ["vector", "plpgsql"] } } });
    expect(plan.database.extensions).toEqual(["pg_stat_statements", "earthdistance"]);
    expect(plan.databases[0]?.extensions).toEqual(["vector", "plpgsql"]);
  });

  it("is up to the server of an image of the stack's own", () => {
    expect(aPlan({ extensions: ["postgis"], ...ownImage }).database.extensions).toEqual(["pg_stat_statements", "postgis"]);
    const other = { postgresVersion: 16, images: { postgres: "registry.example/postgres:16.10" } };
    expect(aPlan({ databases: { shop: { extensions: ["pgaudit"] } }, ...other }).databases[0]?.extensions).toEqual(["pgaudit"]);
  });
});
