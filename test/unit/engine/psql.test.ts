import { PassThrough } from "node:stream";

import { describe, expect, it } from "vitest";

import type { Engine } from "../../../src/engine/connect.ts";
import { runSql } from "../../../src/engine/psql.ts";

/** An engine whose psql answers by what it is given; its commands. */
function anEngine(answer: (command: readonly string[]) => { readonly out?: string; readonly error?: string }): {
  readonly engine: Engine;
  readonly commands: string[][];
} {
  const commands: string[][] = [];
  const engine = {
    getContainer: () => ({
      exec: async ({ Cmd }: { readonly Cmd: string[] }) => {
        commands.push(Cmd);
        const { out = "", error = "" } = answer(Cmd);
        return {
          start: async () => {
            const stream = new PassThrough();
            stream.resume();
            return Object.assign(stream, { answer: { out, error } });
          },
          inspect: async () => ({ ExitCode: error === "" ? 0 : 2 }),
        };
      },
    }),
    modem: {
      demuxStream: (stream: { readonly answer: { readonly out: string; readonly error: string } }, out: PassThrough, err: PassThrough) => {
        out.write(stream.answer.out);
        err.write(stream.answer.error);
      },
    },
  } as unknown as Engine;
  return { engine, commands };
}

describe("SQL of the superuser", () => {
  it("is not bound by what stack config says about sessions", async () => {
    const { engine, commands } = anEngine(() => ({ out: "1\n" }));
    expect(await runSql(engine, "pg1", "select 1;")).toBe("1");
    const [[env, options = "", psql] = []] = commands;
    expect([env, psql]).toEqual(["env", "psql"]);
    for (const lifted of [
      "statement_timeout=0",
      "default_transaction_read_only=off",
      "session_preload_libraries= ",
      "transaction_timeout=0",
    ])
      expect(options).toContain(`-c ${lifted}`);
  });

  it("goes to an older server without what that does not know, and the next one at once", async () => {
    const { engine, commands } = anEngine(([, options = ""]) =>
      options.includes("-c transaction_timeout")
        ? { error: 'psql: error: FATAL:  unrecognized configuration parameter "transaction_timeout"' }
        : { out: "1\n" },
    );
    expect(await runSql(engine, "an-old-one", "select 1;")).toBe("1");
    expect(await runSql(engine, "an-old-one", "select 1;")).toBe("1");
    expect(commands).toHaveLength(3);
  });

  it("fails with psql's own message", async () => {
    const { engine, commands } = anEngine(() => ({ error: 'psql:<stdin>:7: ERROR:  relation "x" does not exist\nLINE 1: select secret' }));
    await expect(runSql(engine, "pg1", "select 1;")).rejects.toThrow('pg1: ERROR:  relation "x" does not exist');
    expect(commands).toHaveLength(1);
  });
});
