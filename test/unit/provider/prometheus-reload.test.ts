import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { PassThrough } from "node:stream";

import { afterEach, describe, expect, it } from "vitest";

import type { Context } from "../../../provider/kind.ts";
import { reloadPrometheus } from "../../../provider/reload/prometheus.ts";
import type { Engine } from "../../../src/engine/connect.ts";

interface Seen {
  readonly ok: boolean;
  readonly at: number;
}

const ends: (() => unknown)[] = [];
afterEach(() => ends.splice(0).forEach((end) => end()));

const context: Context = { signal: new AbortController().signal, log: () => undefined, status: () => undefined };

/** A server with the metrics of Prometheus' own reloads, in a container that takes a signal from inside; the last answer stays. */
async function reload(before: Seen, after: readonly Seen[], running = true): Promise<readonly string[]> {
  const signals: string[] = [];
  const left = [...after];
  const server = createServer((_request, response) => {
    const now = signals.length === 0 ? before : ((left.length > 1 ? left.shift() : left[0]) ?? before);
    response.end(
      `# TYPE x gauge\nprometheus_config_last_reload_successful ${now.ok ? 1 : 0}\nprometheus_config_last_reload_success_timestamp_seconds ${now.at}\n`,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ends.push(() => server.close());
  const container = {
    inspect: () =>
      Promise.resolve({ Id: "c", RestartCount: 0, State: { Running: running, Restarting: false, ExitCode: 0, OOMKilled: false } }),
    exec: ({ Cmd }: { readonly Cmd: readonly string[] }) =>
      Promise.resolve({
        start: () => Promise.resolve(signals.push(Cmd.join(" ")) && new PassThrough().resume()),
        inspect: () => Promise.resolve({ ExitCode: 0 }),
      }),
  };
  const engine = { getContainer: () => container, modem: { demuxStream: () => undefined } } as unknown as Engine;
  const { port } = server.address() as AddressInfo;
  await reloadPrometheus(context, engine, { server: "prometheus", container: "p", address: { host: "127.0.0.1", port } });
  return signals;
}

describe("a reload of Prometheus", () => {
  it("is proven by the time of the last good one", async () => {
    const before = { ok: true, at: 100 };
    expect(await reload(before, [before, before, { ok: true, at: 101 }])).toEqual(["sh -c kill -HUP 1"]);
  });

  it("fails when the files are refused", async () => {
    await expect(reload({ ok: true, at: 100 }, [{ ok: false, at: 100 }])).rejects.toThrow(
      /p: it does not accept its files.*docker logs --tail 20 p/s,
    );
  });

  it("does not take an earlier refusal for its own", async () => {
    const refused = { ok: false, at: 100 };
    expect(await reload(refused, [refused, refused, { ok: true, at: 101 }])).toEqual(["sh -c kill -HUP 1"]);
  });

  it("is none for a server that does not run", async () => {
    expect(await reload({ ok: true, at: 100 }, [], false)).toEqual([]);
  });
});
