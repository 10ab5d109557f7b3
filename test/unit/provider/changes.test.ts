import { describe, expect, it } from "vitest";

import type { Context } from "../../../provider/kind.ts";
import { changes } from "../../../provider/kinds/changes.ts";
import { aDeclared } from "../impact/fixtures.ts";

/** What the check logs. */
async function logged(olds: Readonly<Record<string, unknown>> | undefined, news: Readonly<Record<string, unknown>>): Promise<string[]> {
  const lines: string[] = [];
  const context: Context = {
    signal: new AbortController().signal,
    log: (severity, message) => void lines.push(`${severity}: ${message}`),
    status: () => undefined,
  };
  expect(await changes.check?.(context, olds, news)).toEqual([]);
  return lines;
}

describe("the resource that remembers what was declared", () => {
  it("tells the impact of a change, once", async () => {
    const [line, ...more] = await logged({ declared: aDeclared() }, { declared: aDeclared({ settings: { work_mem: "16MB" } }) });
    expect(more).toEqual([]);
    expect(line).toMatch(/^info: impact on sessions: no client waits\n\nreload\n {2}work_mem 4MB → 16MB\n/);
  });

  it("tells nothing of a first deployment, nor of one without a change", async () => {
    expect(await logged(undefined, { declared: aDeclared() })).toEqual([]);
    expect(await logged({ declared: aDeclared() }, { declared: aDeclared() })).toEqual([]);
  });

  it("says that it cannot compare with a state of another version", async () => {
    const lines = await logged({ declared: { ...aDeclared(), version: 2 } }, { declared: aDeclared() });
    expect(lines).toEqual([expect.stringContaining("another version of pgstack")]);
  });

  it("does nothing else", async () => {
    const context: Context = { signal: new AbortController().signal, log: () => undefined, status: () => undefined };
    expect(await changes.apply(context, { declared: aDeclared() }, undefined)).toEqual({});
  });
});
