import { describe, expect, it } from "vitest";

import { currentLeadership } from "../../../provider/preflight/leadership.ts";
import type { PreflightInputs } from "../../../resources/preflight.ts";
import { topologyOf } from "../../../src/topology/topology.ts";
import type { VolumeData } from "../../../src/topology/look.ts";
import { plainView } from "../../../src/topology/view.ts";
import type { NodeState } from "../../../src/topology/view.ts";

type States = Readonly<Record<string, NodeState>>;

function declared(
  names: readonly string[],
  { leader, reclone = {} }: { leader?: string; reclone?: Readonly<Record<string, string>> } = {},
): PreflightInputs {
  return {
    host: "unix:///docker.sock",
    prefix: "pgstack-a",
    ...(leader === undefined ? {} : { leader }),
    major: 17,
    locale: "C.UTF-8",
    network: { name: "pgstack-a", subnet: "172.29.10.0/24" },
    bindAddress: "127.0.0.1",
    memoryMb: 512,
    cpus: 0,
    containers: [],
    ports: [],
    published: {},
    addresses: {},
    nodes: names.map((name) => ({ name, dataVolume: `${name}-data`, ...(reclone[name] === undefined ? {} : { reclone: reclone[name] }) })),
    declared: { databases: {}, users: [], entries: {}, first: { database: "app", owner: "app" }, remove: { databases: [], users: {} } },
  };
}

const leaders: VolumeData = { version: 17, isLeaders: true, usedWord: undefined };
const replicas: VolumeData = { version: 17, isLeaders: false, usedWord: undefined };

/** Nodes that answer these, look after look; the last answer stays. */
class Faked {
  readonly looked: string[] = [];
  readonly opened: string[] = [];
  readonly said: string[] = [];
  readonly patienceMs = 700;
  readonly #answers: States[];
  readonly #volumes: Readonly<Record<string, VolumeData>>;

  constructor(answers: readonly States[], volumes: Readonly<Record<string, VolumeData>> = {}) {
    this.#answers = [...answers];
    this.#volumes = volumes;
  }

  readonly look = async (names: readonly string[]): ReturnType<Parameters<typeof currentLeadership>[1]["look"]> => {
    this.looked.push(names.join(" "));
    const now = this.#answers.length > 1 ? this.#answers.shift() : this.#answers[0];
    return topologyOf(names.map((name) => plainView(name, `pgstack-a-${name}`, now?.[name] ?? "absent")));
  };

  readonly data = async (volume: string): Promise<VolumeData | undefined> => {
    this.opened.push(volume);
    return this.#volumes[volume];
  };

  async problems(before: PreflightInputs, wanted: PreflightInputs): Promise<readonly string[]> {
    const context = { log: (_severity: string, text: string) => void this.said.push(text) };
    return (await currentLeadership(context, this, before, wanted)).problems;
  }
}

const all = ["pg1", "pg2", "pg3"];
const running: States = { pg1: "writable", pg2: "recovery", pg3: "recovery" };

describe("the preflight asks who leads", () => {
  it("once, and opens no volume while all nodes answer", async () => {
    const world = new Faked([running]);
    expect(await world.problems(declared(all), declared(all))).toEqual([]);
    expect(world.looked).toEqual(["pg1 pg2 pg3"]);
    expect(world.opened).toEqual([]);
  });

  it("also nodes that are removed, and waits for one that does not answer", async () => {
    const world = new Faked([{ ...running, pg1: "silent" }, running]);
    expect(await world.problems(declared(all), declared(["pg1", "pg2"]))).toEqual([]);
    expect(world.looked).toEqual(["pg1 pg2 pg3", "pg1 pg2 pg3"]);
  });

  it("and goes on when that one stays silent, with what is known", async () => {
    const world = new Faked([{ ...running, pg1: "silent" }]);
    expect(await world.problems(declared(all), declared(["pg1", "pg2"]))).toEqual([
      expect.stringContaining("pg3 would be removed, and no node takes writes"),
    ]);
    expect(world.looked.length).toBeGreaterThan(2);
  });

  it("and does not wait where nothing depends on it", async () => {
    const world = new Faked([{ ...running, pg3: "silent" }], { "pg3-data": replicas });
    expect(await world.problems(declared(all), declared(all))).toEqual([]);
    expect(world.looked).toHaveLength(1);
    expect(world.opened).toEqual(["pg3-data"]);
  });
});

describe("a node that does not answer while another one leads", () => {
  it.each<NodeState>(["stopped", "refused", "silent", "absent"])("is refused with a leader's data, when it is %s", async (state) => {
    const world = new Faked([{ pg1: state, pg2: "writable", pg3: "recovery" }], { "pg1-data": leaders });
    expect(await world.problems(declared(all), declared(all))).toEqual([
      expect.stringContaining("pg1 does not answer and holds a leader's data, and pg2 leads"),
    ]);
  });

  it("is not, once its data is given up by a new word", async () => {
    const world = new Faked([{ pg1: "stopped", pg2: "writable", pg3: "recovery" }], { "pg1-data": leaders });
    expect(await world.problems(declared(all), declared(all, { reclone: { pg1: "now" } }))).toEqual([]);
  });

  it("is not looked into while no node leads: it may be the one to start", async () => {
    const world = new Faked([{ pg1: "stopped", pg2: "recovery", pg3: "recovery" }], { "pg1-data": leaders });
    expect(await world.problems(declared(all), declared(all))).toEqual([]);
    expect(world.opened).toEqual([]);
  });
});

describe("a wish", () => {
  it("that is not met is said, and refused only when it is new", async () => {
    const world = new Faked([running]);
    const wish = declared(all, { leader: "pg2" });
    expect(await world.problems(wish, wish)).toEqual([]);
    expect(world.said).toEqual(["pg1 leads, stack config wishes pg2 (pgstack:leader): nothing is done about it"]);
    expect(await world.problems(declared(all), wish)).toEqual([expect.stringContaining("pgstack:leader: pg2 does not lead")]);
  });
});
