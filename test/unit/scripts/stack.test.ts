import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../../..");

/** What `make purge` deletes, by a `docker` that lists given volumes. */
describe("data_volumes of scripts/lib/stack.sh", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "pgstack-volumes-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function dataVolumes(stack: string, onEngine: readonly string[]): readonly string[] {
    const docker = join(folder, "docker");
    writeFileSync(docker, `#!/bin/sh\nprintf '%s\\n' ${onEngine.map((name) => `'${name}'`).join(" ")}\n`);
    chmodSync(docker, 0o755);
    const script = '. "$REPO/scripts/lib/stack.sh"; PROJECT=pgstack; STACK="$1"; data_volumes';
    const env = { ...process.env, REPO: root, PATH: `${folder}:${process.env["PATH"]}` };
    const text = execFileSync("bash", ["-euo", "pipefail", "-c", script, "bash", stack], { env, encoding: "utf8" });
    return text.split("\n").filter((name) => name !== "");
  }

  it("names nodes' and monitoring's volumes of the stack", () => {
    const volumes = ["pgstack-a-pg2-data", "pgstack-a-pg1-data", "pgstack-a-prometheus-data", "pgstack-a-alertmanager-data"];
    expect(dataVolumes("a", [...volumes, "pgstack-a-pg1-config"])).toEqual(volumes.toSorted());
  });

  it("takes the dot of a stack's name for a dot", () => {
    expect(dataVolumes("a.b", ["pgstack-a-b-pg1-data", "pgstack-a.b-pg1-data", "pgstack-aXb-pg1-data"])).toEqual(["pgstack-a.b-pg1-data"]);
  });

  it("leaves volumes of stacks whose names begin or end with this one's", () => {
    expect(dataVolumes("a", ["pgstack-a-b-pg1-data", "my-pgstack-a-pg1-data", "pgstack-a-pg1-data-old"])).toEqual([]);
  });

  it("names none where there are none", () => {
    expect(dataVolumes("a", [])).toEqual([]);
  });
});
