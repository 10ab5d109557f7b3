import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, describe, expect, it } from "vitest";

import { askEngine, engineBefore } from "../../../src/engine/on-engine.ts";

const ends: (() => unknown)[] = [];
afterEach(() => ends.splice(0).forEach((end) => end()));

/** Where an engine that answers so listens: on a socket, or on a port as a remote one does. */
async function listening(answer: RequestListener, remote: boolean): Promise<string> {
  const server = createServer(answer);
  const folder = mkdtempSync(join(tmpdir(), "pgstack-engine-"));
  const socket = join(folder, "s");
  ends.push(
    () => rmSync(folder, { recursive: true }),
    () => server.close(),
    () => server.closeAllConnections(),
  );
  await new Promise<void>((resolve) => (remote ? server.listen(0, "127.0.0.1", resolve) : server.listen(socket, resolve)));
  return remote ? `tcp://127.0.0.1:${(server.address() as AddressInfo).port}` : `unix://${socket}`;
}

const states = { running: "running", paused: "paused", stopped: "exited", failing: "restarting" };

const answers: RequestListener = ({ url = "" }, response) => {
  const containers = Object.entries(states).map(([name, State]) => ({ Names: [`/${name}`], State }));
  response.setHeader("content-type", "application/json");
  response.end(
    JSON.stringify(url.startsWith("/containers/json?all=") ? containers : [{ RepoTags: ["pgstack/postgres:17"] }, { RepoTags: null }]),
  );
};
const fails: RequestListener = (_request, response) => {
  response.statusCode = 500;
  response.end("{}");
};
const hangs: RequestListener = () => undefined;

/** What is known, what was warned of, or the error. */
async function before(host: string, isPreview: boolean): Promise<unknown> {
  const warnings: string[] = [];
  const known = await engineBefore(host, isPreview, (text) => warnings.push(text));
  return known ?? warnings;
}

describe.each([
  ["local", false],
  ["remote", true],
] as const)("a %s engine", (_name, remote) => {
  it("says which containers run and which images it has", async () => {
    const known = await engineBefore(await listening(answers, remote), false, () => undefined);
    expect(Object.fromEntries(known?.containers ?? [])).toEqual({ running: true, paused: true, stopped: false, failing: false });
    expect([...(known?.images ?? [])]).toEqual(["pgstack/postgres:17"]);
  });

  it("that answers with an error ends up, and a preview continues and says so", async () => {
    const host = await listening(fails, remote);
    await expect(before(host, false)).rejects.toThrow(
      /^pgstack:dockerHost: the Docker engine at .* cannot be asked .*\n {2}fix: start the engine/,
    );
    expect(await before(host, true)).toEqual([expect.stringMatching(/cannot be asked .*This preview continues/)]);
  });

  it("that does not answer is named after its limit", async () => {
    await expect(askEngine(await listening(hangs, remote), 100)).rejects.toThrow("no answer within 0.1 s");
  });
});

it("a local engine that hangs holds a preview up for a second", async () => {
  expect(await before(await listening(hangs, false), true)).toEqual([expect.stringContaining("no answer within 1 s")]);
});

it("a slow engine is waited for in up", async () => {
  const slow: RequestListener = (request, response) => void setTimeout(() => answers(request, response), 1200);
  expect((await engineBefore(await listening(slow, false), false, () => undefined))?.containers.get("running")).toBe(true);
});

it("an engine that is not there ends up", async () => {
  await expect(before("unix:///nowhere/docker.sock", false)).rejects.toThrow("nothing was changed");
  expect(await before("unix:///nowhere/docker.sock", true)).toHaveLength(1);
});
