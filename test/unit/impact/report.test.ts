import { describe, expect, it } from "vitest";

import { impactFrom, impactWords } from "../../../src/impact/classes.ts";
import { refusal } from "../../../src/impact/fixed.ts";
import { comparedText, impactJson, impactMarkdown, impactText } from "../../../src/impact/report.ts";
import { impactBetween } from "./fixtures.ts";

const compared = { stack: "staging", comparedWith: "the deployed state" };

describe("the impact as text", () => {
  it("says in words what happens, where, in which order and for how long clients wait", () => {
    expect(impactText(impactBetween({ replicas: 1 }, { replicas: 1, settings: { work_mem: "16MB", shared_buffers: "300MB" } }))).toBe(
      `clients wait about 0.6 s at most

reload
  work_mem 4MB → 16MB
  - on: pg1, pg2
  - clients wait: nothing
  - note: sessions that run take the new value too, unless they, their role or
    their database set their own

restart of replicas first, then leader inside a pause
  shared_buffers 256MB → 300MB
  - in this order: pg2, pg1
  - clients wait: writes wait about 0.6 s, once; reads do not wait while there
    is a replica (measured: make bench, docs/benchmarks.md)
  - note: each replica is out of rotation while it is away; the pooler holds
    writes while the leader is away, and disconnects nobody
  - note: sessions past the pooler end on a node that restarts
  - note: in this order if pg1 leads: who does is asked when it is deployed
`,
    );
  });

  it("begins with what is refused, and why, and the way", () => {
    expect(impactText(impactBetween({}, { locale: "de", settings: { jit: true } }))).toMatch(
      /^refused: nothing is carried out until this is fixed\n\nrefused, because indexes are built on it\.[^]*\n {2}fix: Set it back to C\.UTF-8\n\nreload\n/,
    );
  });

  it("fits a narrow terminal wherever words can break", () => {
    const text = impactText(impactBetween({ replicas: 2 }, { replicas: 3, memory: "2GB", pooler: { maxClients: 4000 }, exporters: false }));
    for (const line of text.split("\n")) expect(line.length, line).toBeLessThanOrEqual(78);
  });

  it("of nothing says so", () => {
    expect(impactText(impactFrom([]))).toBe("nothing changes\n");
  });
});

describe("the impact as Markdown", () => {
  it("is a comment on a pull request", () => {
    expect(impactMarkdown(impactBetween({}, { settings: { work_mem: "8MB" } }), compared)).toBe(
      `### Impact on \`staging\`, compared with the deployed state

**No client waits.**

**reload**

- \`work_mem 4MB → 8MB\`

On: pg1, pg2.\u0020\u0020
Clients wait: nothing.\u0020\u0020
Note: sessions that run take the new value too, unless they, their role or their database set their own.\u0020\u0020
`,
    );
  });

  it("keeps what a stack file says as text", () => {
    const value = "`x` <img> @team";
    const markdown = impactMarkdown(impactFrom([refusal([`a ${value}`], [], `b ${value}`, "c")]), compared);
    expect(markdown).toContain("- `` a `x` <img> @team ``");
    expect(markdown).toContain(String.raw`because b ${"`x`"} \<img\> \@team`);
  });

  it("of nothing says so", () => {
    expect(impactMarkdown(impactFrom([]), compared)).toBe(
      "### Impact on `staging`, compared with the deployed state\n\nNothing changes.\n",
    );
  });
});

describe("what a deployment left half done", () => {
  const halfDone = { ...compared, unfinished: ["pg1-files", "pg2-restart"] };
  const said = "the last deployment left pg1-files, pg2-restart half done: the next one completes it too";

  it("is said before the impact, in each form", () => {
    expect(comparedText(compared)).toBe("staging, compared with the deployed state\n");
    expect(comparedText(halfDone).replaceAll(/\n */g, " ")).toBe(`staging, compared with the deployed state ${said} `);
    expect(impactMarkdown(impactFrom([]), halfDone)).toContain(`\n\n${said.replace("the", "The")}.\n\nNothing changes.`);
    expect(JSON.parse(impactJson(impactFrom([]), halfDone))).toMatchObject({ unfinished: halfDone.unfinished });
  });
});

describe("the impact as JSON", () => {
  it("has stable keys", () => {
    expect(JSON.parse(impactJson(impactBetween({}, { locale: "de", settings: { jit: true } }), compared))).toEqual({
      version: 1,
      stack: "staging",
      comparedWith: "the deployed state",
      unfinished: [],
      refused: true,
      waitMs: 0,
      items: [
        {
          class: "refused",
          words: "refused",
          changes: ["locale C.UTF-8 → de"],
          nodes: [],
          wait: { ms: 0, text: "nothing", source: "" },
          notes: [],
          because: "indexes are built on it. Deploy another stack with the new locale and move the data",
          way: "Set it back to C.UTF-8",
        },
        {
          class: "reload",
          words: "reload",
          changes: ["jit off → true"],
          nodes: ["pg1", "pg2"],
          wait: { ms: 0, text: "nothing", source: "" },
          notes: [expect.stringContaining("sessions that run")],
          because: null,
          way: null,
        },
        expect.objectContaining({ class: "no-effect", changes: ["node.env"] }),
      ],
    });
  });

  it("has classes that scripts may rely on", () => {
    expect(Object.keys(impactWords)).toEqual([
      "refused",
      "no-effect",
      "new-sessions",
      "reload",
      "restart",
      "restart-leader-first",
      "replace",
      "reclone",
      "pooler-replace",
      "pooler-restart",
    ]);
  });
});
