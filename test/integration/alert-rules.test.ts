import { buffer } from "node:stream/consumers";

import { pack } from "tar-stream";
import { beforeAll, describe, expect, it } from "vitest";

import type { Engine } from "../../src/engine/connect.ts";
import { connectEngine } from "../../src/engine/connect.ts";
import { lastLogLines } from "../../src/engine/container.ts";
import { hashImages } from "../../src/plan/image-hashes.ts";
import { promtoolFiles } from "../support/alerts/bundle.ts";
import { engineHost, testPrefix } from "../support/deployment.ts";
import { run } from "../support/run.ts";
import { root } from "../support/stacks.ts";

const image = `pgstack/prometheus:${hashImages(root).prometheus}`;

interface Outcome {
  readonly exitCode: number;
  readonly lines: readonly string[];
}

/** Runs a shell command in the image beside the given files, without network or mounts: the engine may be elsewhere. */
async function inImage(engine: Engine, files: Readonly<Record<string, string>>, command: string): Promise<Outcome> {
  const archive = pack();
  for (const [name, content] of Object.entries(files)) archive.entry({ name }, content);
  archive.finalize();
  const container = await engine.createContainer({
    name: `${testPrefix}-promtool-${Date.now().toString(36)}`,
    Image: image,
    WorkingDir: "/tmp",
    Entrypoint: ["/bin/sh", "-c"],
    Cmd: [command],
    HostConfig: { NetworkMode: "none" },
  });
  try {
    await container.putArchive(await buffer(archive), { path: "/tmp" });
    await container.start();
    const { StatusCode } = (await container.wait()) as { readonly StatusCode: number };
    return { exitCode: StatusCode, lines: await lastLogLines(engine, container.id, 200) };
  } finally {
    await container.remove({ force: true });
  }
}

describe("rendered alert rules, read by promtool", () => {
  const { rules, tests } = promtoolFiles();
  let engine: Engine;

  beforeAll(async () => {
    engine = await connectEngine(engineHost);
    const built = await run("docker", ["build", "--quiet", "--tag", image, `${root}/images/prometheus`], {
      env: { ...process.env, DOCKER_BUILDKIT: "0" },
      timeoutMs: 300_000,
    });
    if (built.code !== 0) throw new Error(built.output);
  });

  it.each(Object.keys(rules))("loads %s without a complaint", async (name) => {
    const { exitCode, lines } = await inImage(engine, rules, `promtool check rules --lint-fatal ${name}`);
    expect(lines.join("\n")).toMatch(/SUCCESS: \d+ rules found/);
    expect(exitCode).toBe(0);
  });

  it.each(Object.keys(tests))("fires what each case says, and nothing else: %s", async (name) => {
    const { exitCode, lines } = await inImage(engine, { ...rules, ...tests }, `promtool test rules ${name}`);
    expect(lines.join("\n")).toMatch(/^Unit Testing: {2}\S+\n\s*SUCCESS$/);
    expect(exitCode).toBe(0);
  });

  it("finds a case that is wrong", async () => {
    const [[name, text] = ["", ""]] = Object.entries(tests).filter(([file]) => file.endsWith("-1m.yml"));
    const { exitCode, lines } = await inImage(
      engine,
      { ...rules, [name]: text.replaceAll('alertname="SlotInactive"', 'alertname="SlotActive"') },
      `promtool test rules ${name}`,
    );
    expect(lines.join("\n")).toContain("FAILED");
    expect(exitCode).not.toBe(0);
  });
});
