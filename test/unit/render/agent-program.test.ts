import { builtinModules } from "node:module";
import { Script } from "node:vm";

import { describe, expect, it } from "vitest";

import { agentProgram, buildProgram } from "../../../src/render/agent-program.ts";

describe("a program for a container", () => {
  const program = agentProgram("setup");

  it("is the same bytes each time that it is built, and what is kept of it", () => {
    expect(buildProgram("setup")).toBe(program);
    expect(buildProgram("setup")).toBe(program);
  });

  it("is one script that needs nothing but Node", () => {
    expect(() => new Script(program)).not.toThrow();
    const needed = [...program.matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name = ""]) => name.replace(/^node:/, ""));
    // The driver looks for these two and goes on without them.
    const optional = ["pg-native", "pg-cloudflare"];
    expect(needed.filter((name) => !builtinModules.includes(name) && !optional.includes(name))).toEqual([]);
    expect(needed).toContain("net");
  });

  it("holds what it uses and no more: neither all languages of zod nor the schema of stack files", () => {
    expect(program.length).toBeLessThan(260_000);
    expect(program).not.toContain("synchronousReplicas");
    expect(program).not.toContain(import.meta.dirname.split("/test/")[0]);
  });
});
