import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { DiskFile } from "../../../src/bundle/folder.ts";
import { bundleDrift, folderProblem, removeBundle, writeBundle } from "../../../src/bundle/folder.ts";
import { userErrorOf } from "../../../testing/stacks.ts";

let base: string;
let folder: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "pgstack-bundle-"));
  folder = join(base, "build", "test");
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const files: readonly DiskFile[] = [
  { path: "compose.yaml", content: "name: test\n", secret: false },
  { path: "config/pg1/a.conf", content: "a\n", secret: false },
  { path: "secrets/pg1/pass", content: "secret\n", secret: true },
  { path: "check.json", content: "{}\n", secret: true },
];

const modeOf = (path: string): string => (statSync(join(folder, path)).mode & 0o777).toString(8);

/** Every file below the folder. */
function listed(): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1))
    .toSorted();
}

describe("writing a bundle", () => {
  it("makes the folder 0700, secret files 0600 in folders 0700, others 0644, whatever the umask is", () => {
    const before = process.umask(0o000);
    try {
      writeBundle(folder, "test", files);
    } finally {
      process.umask(before);
    }
    expect(modeOf(".")).toBe("700");
    expect(["compose.yaml", "config/pg1/a.conf", "manifest.json"].map(modeOf)).toEqual(["644", "644", "644"]);
    expect(["secrets", "secrets/pg1", "secrets/pg1/pass", "check.json"].map(modeOf)).toEqual(["700", "700", "600", "600"]);
    expect(listed()).toEqual(["check.json", "compose.yaml", "config/pg1/a.conf", "manifest.json", "secrets/pg1/pass"]);
  });

  it("leaves files alone that are right already", () => {
    writeBundle(folder, "test", files);
    const before = listed().map((path) => statSync(join(folder, path)).ino);
    writeBundle(folder, "test", files);
    expect(listed().map((path) => statSync(join(folder, path)).ino)).toEqual(before);
  });

  it("removes what an earlier rendering wrote and this one does not, and nothing else", () => {
    writeBundle(folder, "test", files);
    writeFileSync(join(folder, "config/pg1/notes.txt"), "mine");
    mkdirSync(join(folder, "mine"));
    writeBundle(
      folder,
      "test",
      files.filter(({ path }) => !path.includes("pg1")),
    );
    expect(listed()).toEqual(["check.json", "compose.yaml", "config/pg1/notes.txt", "manifest.json"]);
    expect(existsSync(join(folder, "secrets"))).toBe(false);
    expect(existsSync(join(folder, "mine"))).toBe(true);
  });

  it("removes nothing outside its folder, whatever the manifest says", () => {
    writeFileSync(join(base, "precious"), "x");
    writeBundle(folder, "test", files);
    const manifest = { pgstack: "bundle", stack: "test", files: ["../../precious", join(base, "precious"), "compose.yaml"] };
    writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
    writeBundle(folder, "test", []);
    removeBundle(folder, "test");
    expect(existsSync(join(base, "precious"))).toBe(true);
  });

  it("replaces a link instead of writing through it", () => {
    writeBundle(folder, "test", files);
    writeFileSync(join(base, "elsewhere"), "untouched");
    rmSync(join(folder, "check.json"));
    symlinkSync(join(base, "elsewhere"), join(folder, "check.json"));
    writeBundle(folder, "test", files);
    expect(readFileSync(join(base, "elsewhere"), "utf8")).toBe("untouched");
    expect(statSync(join(folder, "check.json")).isFile()).toBe(true);
  });

  it("continues after an interrupted run", () => {
    writeBundle(folder, "test", files);
    writeFileSync(join(folder, "check.json.new"), "half");
    rmSync(join(folder, "check.json"));
    writeBundle(folder, "test", files);
    expect(listed()).not.toContain("check.json.new");
  });

  it.each([
    ["a folder with something else", () => writeFileSync(join(folder, "mine"), "x"), "it is not empty and holds no bundle of pgstack"],
    ["another stack's bundle", () => writeBundle(folder, "other", files), "it holds the bundle of the stack other"],
    ["a broken manifest", () => writeFileSync(join(folder, "manifest.json"), "{"), "it is not empty and holds no bundle of pgstack"],
  ])("refuses %s and changes nothing", (_what, prepare, problem) => {
    mkdirSync(folder, { recursive: true });
    prepare();
    const before = listed();
    expect(userErrorOf(() => writeBundle(folder, "test", files))).toBe(
      `${folder}: ${problem}\n  fix: name a folder that is empty or does not exist`,
    );
    expect(listed()).toEqual(before);
  });

  it("refuses a file in the folder's place", () => {
    writeFileSync(join(base, "file"), "x");
    expect(folderProblem(join(base, "file"), "test")).toBe("it is not a folder");
  });
});

describe("the drift of a bundle", () => {
  it("names what is missing, changed, or readable by others, and no content", () => {
    writeBundle(folder, "test", files);
    expect(bundleDrift(folder, files)).toEqual([]);
    rmSync(join(folder, "compose.yaml"));
    writeFileSync(join(folder, "config/pg1/a.conf"), "b\n");
    chmodSync(join(folder, "secrets/pg1/pass"), 0o640);
    expect(bundleDrift(folder, files)).toEqual([
      "compose.yaml is missing",
      "config/pg1/a.conf was changed",
      "secrets/pg1/pass is readable by others",
    ]);
    writeBundle(folder, "test", files);
    expect(bundleDrift(folder, files)).toEqual([]);
  });
});

describe("removing a bundle", () => {
  it("removes all of it", () => {
    writeBundle(folder, "test", files);
    removeBundle(folder, "test");
    expect(existsSync(folder)).toBe(false);
    expect(existsSync(join(base, "build"))).toBe(true);
  });

  it("keeps what it did not write", () => {
    writeBundle(folder, "test", files);
    writeFileSync(join(folder, "secrets/mine"), "x");
    removeBundle(folder, "test");
    expect(listed()).toEqual(["secrets/mine"]);
  });

  it("leaves another stack's bundle, and nothing at all, alone", () => {
    removeBundle(folder, "test");
    writeBundle(folder, "other", files);
    removeBundle(folder, "test");
    expect(listed()).toContain("compose.yaml");
  });
});
