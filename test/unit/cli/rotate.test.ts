import { describe, expect, it } from "vitest";

import { runProgram } from "../../../src/cli/program.ts";
import type { RotateWorld } from "../../../src/cli/rotate.ts";
import { rotateCommand } from "../../../src/cli/rotate.ts";
import { ProgramError } from "../../../src/cli/stack-outputs.ts";
import { loadRotatable } from "../../../src/cli/stack-passwords.ts";

const urn = (type: string, name: string): string => `urn:pulumi:staging::pgstack::cluster$${type}::${name}`;
const password = (name: string): { urn: string; type: string } => ({
  urn: urn("random:index/randomPassword:RandomPassword", name),
  type: "random:index/randomPassword:RandomPassword",
});
const resources = [
  ...[
    "cluster-secrets-app",
    "cluster-secrets-replicator",
    "cluster-secrets-monitoring",
    "cluster-secrets-pgbouncer",
    "cluster-secrets-user-reporter",
  ].map(password),
  { ...password("cluster-secrets-user-gone"), delete: true },
  { urn: urn("random:index/randomId:RandomId", "cluster-secrets-salt"), type: "random:index/randomId:RandomId" },
  { urn: urn("pgstack:index:Roles", "roles"), type: "pgstack:index:Roles", inputs: { owner: "shop" } },
];

const exported = (of: readonly object[]): (() => Promise<string>) => {
  return () => Promise.resolve(JSON.stringify({ deployment: { resources: of } }));
};

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly calls: readonly (readonly string[])[];
}

async function rotate(args: readonly string[], { exit = 0, of = resources }: { exit?: number; of?: readonly object[] } = {}): Promise<Ran> {
  const calls: (readonly string[])[] = [];
  let out = "";
  let err = "";
  const world: RotateWorld = {
    load: (stack, signal) => loadRotatable(stack, signal, exported(of)),
    pulumi: (given) => {
      calls.push(given);
      return Promise.resolve(exit);
    },
  };
  const io = {
    out: (text: string) => void (out += text),
    err: (text: string) => void (err += text),
    isTerminal: false,
    signal: new AbortController().signal,
  };
  const code = await runProgram(["rotate", ...args], io, [rotateCommand(world)]);
  return { code, out, err, calls };
}

const replaced = ({ calls }: Ran): readonly string[] =>
  calls.flatMap((call) => call.filter((_, at) => call[at - 1] === "--replace").map((one) => one.split("::").at(-1) ?? ""));

describe("pgstack rotate", () => {
  it("replaces exactly the named roles' passwords in one deployment", async () => {
    const ran = await rotate(["shop", "reporter", "shop", "--stack", "staging"]);
    expect(ran.code).toBe(0);
    expect(ran.calls.map((call) => call.slice(0, 5))).toEqual([["up", "--stack", "staging", "--yes", "--skip-preview"]]);
    expect(replaced(ran)).toEqual(["cluster-secrets-app", "cluster-secrets-user-reporter"]);
    expect(ran.out).toMatch(/^staging: new password for shop, reporter\n {2}pulumi stack output writeUrl --show-secrets --stack staging\n/);
    expect(ran.out).toContain("output userUrls ");
  });

  it("replaces all, and not what is already replaced", async () => {
    expect(replaced(await rotate(["--all", "-s", "staging"]))).toEqual([
      "cluster-secrets-app",
      "cluster-secrets-replicator",
      "cluster-secrets-monitoring",
      "cluster-secrets-pgbouncer",
      "cluster-secrets-user-reporter",
    ]);
  });

  it("replaces the salt and no password", async () => {
    const ran = await rotate(["--salt", "-s", "staging", "--json"]);
    expect(replaced(ran)).toEqual(["cluster-secrets-salt"]);
    expect(JSON.parse(ran.out)).toEqual({ stack: "staging", rotated: [], salt: true, outputs: [] });
  });

  it("names the known roles for an unknown one, and deploys nothing", async () => {
    const ran = await rotate(["app", "-s", "staging"]);
    expect(ran).toMatchObject({ code: 2, out: "", calls: [] });
    expect(ran.err).toContain("stack staging: it has no role app with a password");
    expect(ran.err).toContain("fix: one of monitoring, pgbouncer, replicator, reporter, shop");
  });

  it.each([
    [["shop"], "required option '-s, --stack <name>' not specified"],
    [["-s", "staging"], "name a role, or give --all or --salt"],
    [["shop", "--all", "-s", "staging"], "name roles or give --all, not both"],
    [["shop", "--every", "-s", "staging"], "unknown option '--every'"],
  ])("refuses the call %j", async (args, message) => {
    const ran = await rotate(args);
    expect(ran).toMatchObject({ code: 2, calls: [] });
    expect(ran.err).toContain(message);
  });

  it("gives 3 when the deployment fails, and says how to continue", async () => {
    const ran = await rotate(["shop", "-s", "staging"], { exit: 255 });
    expect(ran).toMatchObject({ code: 3, out: "" });
    expect(ran.err).toContain("pulumi up --stack staging");
  });

  it("says that a stack is not deployed", async () => {
    expect((await rotate(["shop", "-s", "staging"], { of: [] })).err).toContain("it is not deployed, or not completely");
  });

  it("says that there is no such stack", async () => {
    const failing = (): Promise<string> => Promise.reject(new ProgramError("255", "error: no stack named 'x' found"));
    await expect(loadRotatable("x", new AbortController().signal, failing)).rejects.toThrow("there is no such stack");
  });
});
