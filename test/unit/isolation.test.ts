import { globSync, readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { root } from "../../testing/stacks.ts";

describe("unit tests that share a worker", () => {
  it("replace no module: those that do are named *.isolated.test.ts", () => {
    const files = globSync("test/{unit,templates,components,program}/**/*.test.ts", { cwd: root });
    const replacing = files.filter((file) =>
      /^\s*vi\.(mock|doMock|spyOn|stub\w+|useFakeTimers)\(/m.test(readFileSync(`${root}/${file}`, "utf8")),
    );
    expect(replacing.filter((file) => !file.endsWith(".isolated.test.ts"))).toEqual([]);
    expect(replacing.length).toBeGreaterThan(0);
  });
});
