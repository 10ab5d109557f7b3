import { describe, expect, it } from "vitest";

import type { SettingInfo } from "../../../src/postgres/settings.ts";
import { findSetting, knownMajors, settingsOf, tableServer, toBaseUnit, valueProblem } from "../../../src/postgres/settings.ts";
import type { StackKeys } from "../../../testing/stacks.ts";
import { aPlan } from "../../../testing/stacks.ts";

/** A setting of PostgreSQL 17's own table. */
function info(name: string): SettingInfo {
  const found = settingsOf(17)?.[name];
  if (found === undefined) throw new Error(`no setting ${name}`);
  return found;
}

describe("settingsOf", () => {
  it("has the settings of PostgreSQL 17 as a server lists them", () => {
    expect(info("work_mem")).toEqual({ type: "integer", unit: "kB", min: "64", max: "2147483647", default: "4096", context: "user" });
    expect(info("max_connections").context).toBe("postmaster");
    expect(Object.keys(settingsOf(17) ?? {})).toHaveLength(367);
  });

  it("has a table for every version that a stack file may name, and for no other", () => {
    expect(knownMajors).toEqual([15, 16, 17, 18]);
    expect([14, 19].map(settingsOf)).toEqual([undefined, undefined]);
  });
});

describe.each(knownMajors)("the table of PostgreSQL %i", (major) => {
  const table = settingsOf(major) ?? {};
  const keys = { postgresVersion: major, images: { postgres: `registry.example/postgres:${major}` } };

  it("was read from a server of that version", () => {
    expect(tableServer(major)).toMatch(new RegExp(`^${major}\\.\\d+`));
    expect(Object.keys(table).length).toBeGreaterThan(330);
  });

  it("knows when each setting takes effect, and the extension's that is always there", () => {
    const contexts = new Set(Object.values(table).map(({ context }) => context));
    // Without `internal`: those are no settings but facts about a server.
    expect([...contexts].toSorted()).toEqual(["backend", "postmaster", "sighup", "superuser", "superuser-backend", "user"]);
    expect(table["pg_stat_statements.max"]?.context).toBe("postmaster");
  });

  it("has every setting that pgstack writes, with a value that it allows", () => {
    for (const shape of [{}, { memory: "64GB", cpus: 32, disk: "nvme" }, { memory: "512MB", workload: "dw", disk: "hdd" }]) {
      for (const { name, value } of aPlan({ ...keys, ...shape }).nodes.flatMap(({ settings }) => settings)) {
        const known = findSetting(major, name);
        expect(known, name).toBeDefined();
        expect(known === undefined ? undefined : valueProblem(known, value), `${name} = ${value}`).toBeUndefined();
      }
    }
  });

  it("has values that only some builds of that version have", () => {
    expect(table["wal_compression"]?.values).toEqual(expect.arrayContaining(["lz4", "zstd"]));
  });
});

describe("a setting that another version has", () => {
  const keys = (major: number, name: string): StackKeys => ({
    postgresVersion: major,
    images: { postgres: `registry.example/postgres:${major}` },
    settings: { [name]: "1s" },
  });

  it("is refused with the nearest name of this one", () => {
    expect(() => aPlan(keys(15, "transaction_timeout"))).toThrow("PostgreSQL 15 has no setting of this name");
    expect(() => aPlan(keys(16, "idle_session_timeuot"))).toThrow("did you mean `idle_session_timeout`?");
    expect(() => aPlan(keys(18, "transaction_timeout"))).not.toThrow();
  });
});

describe("toBaseUnit", () => {
  it.each([
    ["work_mem", "4096", 4096],
    ["work_mem", "64MB", 65_536],
    ["work_mem", " 64 MB ", 65_536],
    ["work_mem", "1.5GB", 1_572_864],
    ["work_mem", "1024B", 1],
    ["shared_buffers", "8kB", 1],
    ["shared_buffers", "1GB", 131_072],
    ["checkpoint_timeout", "5min", 300],
    ["checkpoint_timeout", "1.5h", 5400],
    ["deadlock_timeout", "1s", 1000],
    ["max_slot_wal_keep_size", "4GB", 4096],
    ["max_slot_wal_keep_size", "-1", -1],
    ["random_page_cost", "1.1", 1.1],
    ["random_page_cost", ".5", 0.5],
    ["max_connections", "1e2", 100],
  ])("reads %s = %s as %s", (name, text, expected) => {
    expect(toBaseUnit(info(name), text)).toBe(expected);
  });

  it.each([
    ["work_mem", "64mb"],
    ["work_mem", "64 s"],
    ["work_mem", "lots"],
    ["work_mem", ""],
    ["work_mem", "1_000"],
    ["max_connections", "100kB"],
    ["checkpoint_timeout", "5 minutes"],
    ["deadlock_timeout", "1MB"],
  ])("cannot read %s = %j", (name, text) => {
    expect(toBaseUnit(info(name), text)).toBeUndefined();
  });
});

describe("valueProblem", () => {
  it.each([
    ["jit", "on"],
    ["jit", "FALSE"],
    ["jit", "1"],
    ["wal_level", "logical"],
    ["synchronous_commit", "remote_apply"],
    ["synchronous_commit", "true"],
    ["work_mem", "64kB"],
    ["shared_buffers", "128kB"],
    ["search_path", "anything at all"],
  ])("accepts %s = %s", (name, value) => {
    expect(valueProblem(info(name), value)).toBeUndefined();
  });

  it.each([
    ["jit", "perhaps", "on or off"],
    ["jit", "2", "on or off"],
    ["wal_level", "on", "one of minimal, replica, logical"],
    ["work_mem", "63kB", "a value between 64 and 2147483647 (in kB)"],
    ["max_connections", "0", "a value between 1 and 262143"],
    ["max_connections", "ten", "a number"],
    ["work_mem", "much", "a number with a unit such as kB, MB, GB, TB"],
    ["deadlock_timeout", "soon", "a number with a unit such as us, ms, s, min, h, d"],
  ])("of %s = %s asks for %s", (name, value, wanted) => {
    expect(valueProblem(info(name), value)).toBe(wanted);
  });
});
