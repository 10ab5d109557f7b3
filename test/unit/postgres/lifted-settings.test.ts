import { describe, expect, it } from "vitest";

import { isTooOld, liftedForRole, liftedOptions, liftedSettings } from "../../../src/postgres/lifted-settings.ts";
import { findSetting } from "../../../src/postgres/settings.ts";

describe("what pgstack's own sessions are not bound by", () => {
  it("is a word of PGOPTIONS each, with blanks and quotes as the server reads them", () => {
    const options = liftedOptions(17);
    expect(options).toContain(String.raw`-c default_transaction_isolation=read\ committed -c`);
    expect(options).toContain(`-c search_path="$user",public -c`);
    expect(options).toContain("-c session_preload_libraries= -c local_preload_libraries= -c");
    expect(options.replaceAll(/\\ /g, "").split(" ").length).toBe(2 * (Object.keys(liftedSettings).length + 1));
  });

  it("names nothing that an older server does not know", () => {
    expect(liftedOptions(16)).not.toContain("-c transaction_timeout");
    expect(liftedOptions(17)).toMatch(/-c transaction_timeout=0$/);
    expect(isTooOld('psql: error: FATAL:  unrecognized configuration parameter "transaction_timeout"')).toBe(true);
    expect(isTooOld('ERROR:  unrecognized configuration parameter "other"')).toBe(false);
  });

  it.each([15, 16, 17, 18])("are settings of PostgreSQL %i", (major) => {
    for (const name of Object.keys(liftedSettings)) expect(findSetting(major, name), name).toBeDefined();
  });

  it("are the role's own too, but for what it has by itself", () => {
    const sql = liftedForRole("monitoring", ["default_transaction_read_only"]).join("\n");
    expect(sql).toContain("('statement_timeout', '0')");
    expect(sql).not.toContain("default_transaction_read_only");
    // A list that is set as one value becomes one name.
    expect(sql).toContain("alter role monitoring set %I from current");
  });
});
