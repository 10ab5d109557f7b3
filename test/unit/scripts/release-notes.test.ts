import { readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import lock from "../../../package-lock.json" with { type: "json" };
import manifest from "../../../package.json" with { type: "json" };
import { releaseNotes } from "../../../scripts/ci/release-notes.ts";
import type { Release } from "../../../scripts/ci/release-notes.ts";
import { root } from "../../../testing/stacks.ts";

const changelog = `# Changelog

## [Unreleased]

### Added

- Later.

## [0.2.0] - 2026-12-01

### Added

- One.

### Fixed

- Two.

## [0.1.0] - 2026-01-01

- Zero.

[0.2.0]: #020---2026-12-01
`;

const aRelease = (over: Partial<Release> = {}): Release => ({ tag: "v0.2.0", version: "0.2.0", changelog, ...over });

describe("releaseNotes", () => {
  it("are the section of the version, without its heading", () => {
    expect(releaseNotes(aRelease())).toBe("### Added\n\n- One.\n\n### Fixed\n\n- Two.\n");
    expect(releaseNotes(aRelease({ tag: "v0.1.0", version: "0.1.0" }))).toBe("- Zero.\n");
  });

  it.each<[string, Partial<Release>, string]>([
    ["another tag", { tag: "v0.2.1" }, "the tag is v0.2.1, but the version in package.json is 0.2.0: expected the tag v0.2.0"],
    ["a tag without v", { tag: "0.2.0" }, "the tag is 0.2.0"],
    ["no section", { tag: "v0.3.0", version: "0.3.0" }, "CHANGELOG.md has no section [0.3.0]"],
    ["a section of a longer version", { tag: "v0.2", version: "0.2" }, "CHANGELOG.md has no section [0.2]"],
    ["no date", { changelog: "## [0.2.0]\n\n- One.\n" }, 'expected "## [0.2.0] - YYYY-MM-DD", found "## [0.2.0]"'],
    ["an empty section", { changelog: "## [0.2.0] - 2026-12-01\n\n## [0.1.0] - 2026-01-01\n" }, "the section [0.2.0] is empty"],
  ])("refuse %s", (_what, over, message) => {
    expect(() => releaseNotes(aRelease(over))).toThrow(message);
  });
});

describe("this version", () => {
  const textOf = (file: string): string => readFileSync(join(root, file), "utf8");

  it("is the same wherever it is written", () => {
    expect(lock.version).toBe(manifest.version);
    expect(lock.packages[""].version).toBe(manifest.version);
    expect(/^ {2}version: "([^"]+)",$/m.exec(textOf("provider/main.ts"))?.[1]).toBe(manifest.version);
  });

  it("has a changelog whose first section collects what the next release changes", () => {
    expect(/^## .*$/m.exec(textOf("CHANGELOG.md"))?.[0]).toBe("## [Unreleased]");
  });
});
