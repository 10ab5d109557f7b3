import { describe, expect, it } from "vitest";

import { awaitReload } from "../../../src/postgres/reload.ts";

/** Answers one after the other; the last one stays. */
function answering(...answers: readonly string[]): { readonly ask: () => Promise<string>; asked: number } {
  const server = {
    asked: 0,
    ask: async () => {
      server.asked += 1;
      return answers[Math.min(server.asked, answers.length) - 1] ?? "";
    },
  };
  return server;
}

describe("a reload", () => {
  it("is over when the load time has changed, with what is wrong then", async () => {
    const server = answering("f|", "f|not yet", "t|");
    expect(await awaitReload(server.ask, "then", { timeoutMs: 2000 })).toBe("");
    expect(server.asked).toBe(3);
    expect(await awaitReload(answering("t|a.conf line 1: x | y").ask, "then", { timeoutMs: 2000 })).toBe("a.conf line 1: x | y");
  });

  it("of files that cannot be read at all ends with the reason, although the load time stays", async () => {
    expect(await awaitReload(answering("f|a.conf line 1: syntax error").ask, "then", { timeoutMs: 400 })).toBe(
      "a.conf line 1: syntax error",
    );
  });

  it("that does not happen is told apart from one without errors", async () => {
    expect(await awaitReload(answering("f|").ask, "then", { timeoutMs: 120 })).toBeUndefined();
  });
});
