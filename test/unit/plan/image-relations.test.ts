import { describe, expect, it } from "vitest";

import { planCluster } from "../../../src/plan/cluster.ts";
import type { StackKeys } from "../../support/stacks.ts";
import { aConfig, aContext, aPlan, userErrorOf } from "../../support/stacks.ts";

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

  it("is planned in the spelling that the server tells", () => {
    expect(settingOf({ timezone: "us/pacific" })).toEqual(["US/Pacific", "US/Pacific"]);
  });

  it.each([
    ["Asia/Manilla", "did you mean `Asia/Manila`?"],
    ["America/Los Angeles", "did you mean `America/Los_Angeles`?"],
    ["PST", "give a name of the IANA time zone database, such as UTC or Asia/Manila"],
    ["right/UTC", "did you mean `UTC`?"],
  ])("that the built image lacks is refused: %s", (timezone, fix) => {
    expect(problemsOf({ timezone })).toEqual([
      `Pulumi.test.yaml: pgstack:timezone: "${timezone}" is no time zone of the built PostgreSQL image`,
      `  fix: ${fix}`,
    ]);
  });

  it("is up to the server of an image of the stack's own", () => {
    expect(settingOf({ timezone: "Mars/Base", ...ownImage })).toEqual(["Mars/Base", "Mars/Base"]);
  });
});
