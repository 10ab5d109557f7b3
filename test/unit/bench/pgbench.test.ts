import { describe, expect, it } from "vitest";

import { parsePgbench } from "../../../bench/lib/pgbench.ts";

const output = `pgbench (17.11 (Debian 17.11-0+deb13u1))
transaction type: /tmp/one.sql
number of clients: 20
number of transactions actually processed: 1365
number of failed transactions: 0 (0.000%)
latency average = 73.420 ms
average connection time = 7.113 ms
tps = 272.406713 (including reconnection times)
`;

describe("parsePgbench", () => {
  it("reads the rate, with or without reconnections", () => {
    expect(parsePgbench(output)).toStrictEqual({ tps: 272.406_713, errors: 0, message: undefined });
    expect(parsePgbench("tps = 12.5 (without initial connection time)")?.tps).toBe(12.5);
  });

  it("counts failed transactions and clients that gave up", () => {
    const text = `pgbench: error: client 3 script 0 aborted in command 4 query 0: ERROR:  prepared statement "P_0" does not exist
${output.replace("transactions: 0 (", "transactions: 2 (")}pgbench: error: Run was aborted; the above results are incomplete.`;
    const result = parsePgbench(text);
    expect(result?.errors).toBe(3);
    expect(result?.message).toContain("prepared statement");
  });

  it("counts an error that ended the run without a number", () => {
    expect(parsePgbench(`${output}pgbench: error: connection to server failed`)?.errors).toBe(1);
  });

  it("finds no result in what is none", () => {
    expect(parsePgbench("pgbench: error: could not connect")).toBeUndefined();
  });
});
