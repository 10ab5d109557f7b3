import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatMemory, parseDurationS, parseMemoryMb } from "../../../src/text/units.ts";

describe("parseMemoryMb", () => {
  it.each([
    ["512MB", 512],
    ["2GB", 2048],
    ["1536MB", 1536],
    ["1TB", 1_048_576],
    ["2048kB", 2],
    ["2g", 2048],
    ["512m", 512],
    ["4 GB", 4096],
    ["0MB", 0],
  ])("reads %s as %d MB", (text, mb) => {
    expect(parseMemoryMb(text)).toBe(mb);
  });

  it.each(["", "2", "GB", "2gb", "2GiB", "1.5GB", "-1GB", "2GB ", " 2GB", "2  GB", "1e3MB", "2constructor", "2G"])(
    "refuses %j and says what is allowed",
    (text) => {
      expect(() => parseMemoryMb(text)).toThrow(
        `"${text}" is not a size; write a whole number and kB, MB, GB or TB (or Docker's k, m, g), such as 512MB or 2GB`,
      );
    },
  );

  it("refuses a size that is not whole MB", () => {
    expect(() => parseMemoryMb("1500kB")).toThrow('"1500kB" is not a whole number of MB');
  });

  it("refuses a size that no number holds", () => {
    expect(() => parseMemoryMb("999999999999TB")).toThrow("too large");
  });
});

describe("formatMemory", () => {
  it.each([
    [0, "0"],
    [32, "32kB"],
    [9709, "9709kB"],
    [1024, "1MB"],
    [1_572_864, "1536MB"],
    [1_048_576, "1GB"],
    [16_777_216, "16GB"],
  ])("prints %d kB as %s", (kb, text) => {
    expect(formatMemory(kb)).toBe(text);
  });

  it.each([-1, 0.5, Number.NaN])("refuses %d", (kb) => {
    expect(() => formatMemory(kb)).toThrow("whole number of kB");
  });

  it("is read back by parseMemoryMb", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 16 * 1024 * 1024 }), (mb) => {
        expect(parseMemoryMb(formatMemory(mb * 1024))).toBe(mb);
      }),
    );
  });
});

describe("parseDurationS", () => {
  it.each([
    ["500ms", 0.5],
    ["1ms", 0.001],
    ["30s", 30],
    ["2min", 120],
    ["2m", 120],
    ["1h", 3600],
    ["7d", 604_800],
    ["15 min", 900],
    ["0s", 0],
  ])("reads %s as %d s", (text, seconds) => {
    expect(parseDurationS(text)).toBe(seconds);
  });

  it.each(["", "30", "s", "1.5h", "-1s", "1m30s", "1 hour", "30S", "30us"])("refuses %j and says what is allowed", (text) => {
    expect(() => parseDurationS(text)).toThrow(
      `"${text}" is not a time; write a whole number and ms, s, min, h or d, such as 30s, 2min or 1h`,
    );
  });
});
