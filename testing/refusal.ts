import { expect } from "vitest";

import { configFiles } from "../provider/kinds/config-files.ts";
import type { Context } from "../provider/kind.ts";
import type { TriedServer } from "../provider/reload/trial-servers.ts";
import { readVolumeFiles } from "../src/engine/volume-files.ts";
import type { VolumeFile } from "../src/engine/volume-files.ts";

import type { Deployment } from "./deployment.ts";
import { engineHost } from "./deployment.ts";

export interface Reader {
  readonly server: TriedServer;
  /** The service whose container reads the files. */
  readonly service: string;
  /** The service whose config volume holds them. @default service */
  readonly owner?: string;
}

const context: Context = { signal: new AbortController().signal, log: () => undefined, status: () => undefined };

/**
 * Gives a running server other files as a deployment does, and expects that they are refused and the old ones stay.
 *
 * @param change - path → what becomes of the file's text
 * @returns what a person is told
 */
export async function refusalOf(
  deployment: Deployment,
  { server, service, owner = service }: Reader,
  change: Readonly<Record<string, (text: string) => string>>,
): Promise<string> {
  const container = deployment.container(service);
  const image = (await deployment.engine.getContainer(container).inspect()).Config.Image;
  const volume = `pgstack-${deployment.stack}-${owner}-config`;
  const files = async (): Promise<ReadonlyMap<string, VolumeFile>> =>
    (await readVolumeFiles(deployment.engine, volume, image)) ?? new Map<string, VolumeFile>();
  const before = await files();
  const wanted = [...before].map(([path, file]) => ({ path, mode: file.mode, content: change[path]?.(file.content) ?? file.content }));
  expect(wanted.filter(({ path, content }) => content !== before.get(path)?.content).map(({ path }) => path)).toEqual(Object.keys(change));
  const asked = { container, address: { host: "127.0.0.1", port: 1 } };
  const inputs = {
    host: engineHost,
    volume,
    image,
    files: Object.fromEntries(wanted.filter(({ mode }) => mode === 0o644).map(({ path, content }) => [path, content])),
    secretFiles: Object.fromEntries(wanted.filter(({ mode }) => mode !== 0o644).map(({ path, ...file }) => [path, file])),
    reload: { server, ...(server === "pgbouncer" ? { processes: [{ number: 1, ...asked, settings: {} }], password: "" } : asked) },
  };
  const told = await configFiles.apply(context, inputs, { image }).then(
    () => "accepted",
    (error: unknown) => (error as Error).message,
  );
  expect(await files()).toEqual(before);
  return told;
}
