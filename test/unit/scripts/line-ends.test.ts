import { execFileSync } from "node:child_process";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../../..");

const git = (...args: string[]): readonly string[] => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trimEnd().split("\n");

describe("a checkout", () => {
  it("has LF at the ends of lines of every text file, also with core.autocrlf=true", () => {
    // index, working tree, attributes, path
    const files = git("-c", "core.autocrlf=true", "ls-files", "--eol").map((line) => line.split(/\s+/));
    const text = files.filter(([index = ""]) => index !== "i/-text" && index !== "i/none");
    expect(text.length).toBeGreaterThan(100);
    expect(text.filter((fields) => !fields.includes("eol=lf") || fields[0] !== "i/lf")).toEqual([]);
  });

  it("leaves pictures as they are", () => {
    const pictures = git("ls-files", "--eol", "*.png").map((line) => line.split(/\s+/));
    expect(pictures.length).toBeGreaterThan(0);
    expect(pictures.filter(([, , attribute]) => attribute !== "attr/-text")).toEqual([]);
  });
});
