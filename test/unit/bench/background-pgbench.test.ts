import { describe, expect, it } from "vitest";

import { parseBackground } from "../../../bench/lib/background-pgbench.ts";

const output = `pgbench (17.11 (Debian 17.11-0+deb13u1))
transaction type: <builtin: simple update>
number of transactions actually processed: 1365
number of failed transactions: 0 (0.000%)
tps = 99.9 (without initial connection time)
`;

describe("parseBackground", () => {
  it("reads transactions and the longest one", () => {
    expect(parseBackground(`${output}longest = 1017250 us\n`)).toStrictEqual({
      transactions: 1365,
      errors: 0,
      message: undefined,
      longestMs: 1017.25,
    });
  });

  it("counts each client that gave up, with a result and without one", () => {
    const gaveUp = [0, 1, 2]
      .map((id) => `pgbench: error: client ${id} script 0 aborted in command 4 query 0: FATAL:  server shutting down\n`)
      .join("");
    expect(parseBackground(`${gaveUp}${output}`)).toMatchObject({ transactions: 1365, errors: 3 });
    expect(parseBackground(gaveUp)).toMatchObject({ transactions: 0, errors: 3, longestMs: 0 });
  });

  it("counts one that never connected", () => {
    expect(parseBackground('pgbench: error: connection to server at "pooler" failed')).toMatchObject({ errors: 1 });
  });

  it("does not take silence for success", () => {
    expect(() => parseBackground("bash: pgbench: command not found")).toThrow("no result");
  });
});
