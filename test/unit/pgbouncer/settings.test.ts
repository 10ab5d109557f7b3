import { describe, expect, it } from "vitest";

import { isChangeable, poolerSetting, poolerTableVersion } from "../../../src/pgbouncer/settings.ts";
import { stackPlan, stacks } from "../../../testing/stacks.ts";

describe("the table of PgBouncer's settings", () => {
  it("is of the version that pgstack runs", () => {
    expect(poolerTableVersion).toBe("1.24.1");
  });

  it("says what a reload takes", () => {
    expect(poolerSetting("default_pool_size")).toEqual({ default: "20", changeable: true });
    expect(["pool_mode", "max_client_conn", "query_wait_timeout"].map(isChangeable)).toEqual([true, true, true]);
    expect(["listen_port", "listen_backlog", "no_such_setting", "constructor"].map(isChangeable)).toEqual([false, false, false, false]);
  });

  it.each(stacks)("has every setting that %s writes", (stack) => {
    expect(stackPlan(stack).pooler.settings.filter(({ name }) => poolerSetting(name) === undefined)).toEqual([]);
  });
});
