import { describe, expect, it } from "vitest";

import { recloneCommand } from "../../../src/cli/reclone.ts";
import type { RecloneWorld } from "../../../src/cli/reclone.ts";
import { runProgram } from "../../../src/cli/program.ts";
import { plainView } from "../../../src/topology/view.ts";
import type { NodeState } from "../../../src/topology/view.ts";
import { root } from "../../../testing/stacks.ts";

const deployed = [{ urn: "x", type: "pgstack:index:Preflight", inputs: { leader: "pg1", nodes: [{ name: "pg1" }, { name: "pg2" }] } }];

interface Given {
  readonly states?: Readonly<Record<string, NodeState>>;
  readonly holds?: readonly string[];
  readonly state?: readonly object[];
  readonly exit?: Readonly<Record<string, number>>;
}

async function reclone(
  args: readonly string[],
  { states = { pg1: "writable", pg2: "recovery" }, holds = [], state = deployed, exit = {} }: Given = {},
): Promise<{ readonly code: number; readonly out: string; readonly err: string; readonly calls: readonly string[] }> {
  const calls: string[] = [];
  let out = "";
  let err = "";
  const world: RecloneWorld = {
    root,
    run: () => Promise.resolve(JSON.stringify({ deployment: { resources: state } })),
    look: (plan, names) =>
      Promise.resolve({
        views: names.map((name) => plainView(name, `${plan.prefix}-${name}`, states[name] ?? "absent")),
        leaders: new Set(holds),
      }),
    pulumi: (given) => {
      calls.push(given.join(" "));
      return Promise.resolve(exit[given[0] ?? ""] ?? 0);
    },
    now: () => new Date("2026-11-29T02:55:07.123Z"),
  };
  const io = {
    out: (text: string) => void (out += text),
    err: (text: string) => void (err += text),
    isTerminal: false,
    signal: new AbortController().signal,
  };
  const code = await runProgram(["reclone", ...args], io, [recloneCommand(world)]);
  return { code, out, err, calls };
}

const set = "config set --path pgstack:reclone.pg2 20261129T025507Z --stack staging";
const up = "up --stack staging --yes --skip-preview";

describe("pgstack reclone", () => {
  it("gives the node a new word and deploys, and says where the old data is", async () => {
    const { code, out, calls } = await reclone(["pg2", "--stack", "staging"]);
    expect(code).toBe(0);
    expect(calls).toEqual([set, up]);
    expect(out).toContain("Pulumi.staging.yaml: pgstack:reclone.pg2: 20261129T025507Z\n");
    expect(out).toContain("staging: pg2 re-cloned from pg1.");
    expect(out).toContain("docker exec pgstack-staging-pg2 sh -c 'ls -d /var/lib/postgresql/data/pgdata.aside-*'");
  });

  it("gives Pulumi a stack's name as it was given, and finds its file", async () => {
    const { code, out, calls } = await reclone(["pg2", "--stack", "acme/pgstack/staging"]);
    expect(code).toBe(0);
    expect(calls).toEqual([set, up].map((call) => call.replace("--stack staging", "--stack acme/pgstack/staging")));
    expect(out).toContain("Pulumi.staging.yaml: pgstack:reclone.pg2: 20261129T025507Z\n");
  });

  it("refreshes when a container is gone: Pulumi takes it for one that is there", async () => {
    const { calls } = await reclone(["pg2", "--stack", "staging"], { states: { pg1: "writable", pg2: "absent" } });
    expect(calls).toEqual([set, `${up} --refresh`]);
  });

  it("leaves the deployment to a person on request", async () => {
    const { code, out, calls } = await reclone(["pg2", "--stack", "staging", "--config-only"]);
    expect({ code, calls }).toEqual({ code: 0, calls: [set] });
    expect(out).toContain("./pgstack preview --stack staging; pulumi up --stack staging");
  });

  it.each<[string, readonly string[], Given, string]>([
    ["the leader", ["pg1"], {}, "pg1 leads: the others are cloned from it"],
    ["a node that is none", ["pg7"], {}, "it has no node pg7 (did you mean pg"],
    [
      "a leader that is down",
      ["pg2"],
      { states: { pg1: "stopped", pg2: "recovery" } },
      "no node takes writes (pg1: stopped, pg2: a replica)",
    ],
    ["another node that leads", ["pg2"], { states: { pg1: "stopped", pg2: "writable" } }, "pg2 leads: the others are cloned from it"],
    ["rows that the node alone has", ["pg2"], { states: { pg1: "writable", pg2: "refused" }, holds: ["pg2"] }, "with --give-up-rows"],
    ["a stack that is not deployed", ["pg2"], { state: [] }, "it is not deployed, or not completely"],
    ["a word that cannot be set", ["pg2"], { exit: { config: 1 } }, "pulumi config set failed"],
    ["no node", [], {}, "missing required argument 'node'"],
  ])("deploys nothing for %s", async (_what, nodes, given, words) => {
    const { code, err, calls } = await reclone([...nodes, "--stack", "staging"], given);
    expect(code).toBe(2);
    expect(err).toContain(words);
    expect(calls.filter((call) => !call.startsWith("config"))).toEqual([]);
    if (given.exit === undefined) expect(calls).toEqual([]);
  });

  it("says how to continue when the deployment fails", async () => {
    const { code, err } = await reclone(["pg2", "--stack", "staging"], { exit: { up: 255 } });
    expect(code).toBe(3);
    expect(err).toContain("staging: the deployment failed. Fix what Pulumi reports, then: pulumi up --stack staging");
  });
});
