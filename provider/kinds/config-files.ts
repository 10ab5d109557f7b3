import type { ConfigFilesInputs } from "../../resources/config-files.ts";
import { configFilesInputs } from "../../resources/config-files.ts";
import { connectEngine } from "../../src/engine/connect.ts";
import type { Engine } from "../../src/engine/connect.ts";
import { removeThrowAways } from "../../src/engine/throw-away.ts";
import type { VolumeFile } from "../../src/engine/volume-files.ts";
import { anyImage, readVolumeFiles, removeCarriers, removeVolume, writeVolumeFiles } from "../../src/engine/volume-files.ts";
import { isRoutesFile, processRoutesFile } from "../../src/pgbouncer/routes.ts";
import { parseInputs } from "../inputs.ts";
import type { Context, Kind } from "../kind.ts";
import { restartExporters } from "../reload/exporters.ts";
import { reloadPrometheus } from "../reload/prometheus.ts";
import { reloadPgbouncer } from "../reload/pgbouncer.ts";
import { overriddenSettings, reloadPostgres } from "../reload/postgres.ts";
import { withAddresses } from "../service/published.ts";
import { RefusedFiles } from "../reload/refused-files.ts";
import { hasOtherFiles, tryFiles } from "../reload/trial.ts";
import type { TriedServer } from "../reload/trial-servers.ts";
import type { Trial } from "../reload/trial.ts";
import { reloadQuietly } from "../traffic/quiet.ts";
import type { Properties } from "../wire.ts";

/**
 * Files of a config volume. After a change the running server reloads them, which is verified. `drift` names what was changed
 * by hand since (empty if nothing was).
 */
export const configFiles: Kind = {
  needsWork: (_context, olds) => Promise.resolve(olds["drift"] !== ""),

  apply: async (context, properties, olds) => {
    const wanted = parseInputs(configFilesInputs, properties);
    const engine = await connectEngine(wanted.host);
    const before = await filesBefore(engine, wanted, olds);
    const trial = before.size === 0 ? undefined : trialFor(wanted, before);
    // Another image may refuse files that the earlier image accepted, and there is no way back once that one is gone.
    if (trial !== undefined && (hasOtherFiles(trial, before) || olds?.["image"] !== wanted.image)) await tryFiles(context, engine, trial);
    await writeVolumeFiles(engine, wanted.volume, wanted.image, filesOf(wanted));
    try {
      await reloadServer(context, engine, wanted, olds);
    } catch (error) {
      if (error instanceof RefusedFiles) await putBack(context, engine, wanted, before);
      throw error;
    }
    return { drift: "" };
  },

  // The volume may have files that their server has not read.
  failed: { drift: "not read by the server" },

  /** The containers that mount the volume are gone by then. */
  remove: async (_context, stored) => {
    const { host, volume, reload: running } = parseInputs(configFilesInputs, stored);
    const engine = await connectEngine(host);
    await removeCarriers(engine, volume);
    if (canRefuse(running)) await removeThrowAways(engine, containerOf(running));
    await removeVolume(engine, volume);
  },

  read: async (_context, stored) => {
    const wanted = parseInputs(configFilesInputs, stored);
    const engine = await connectEngine(wanted.host);
    const found = await readVolumeFiles(engine, wanted.volume, await anyImage(engine, wanted.image));
    if (found === undefined) return undefined;
    const overridden = wanted.reload.server === "postgres" ? await overriddenSettings(engine, wanted.reload.container) : "";
    const drift = [driftOf(filesOf(wanted), found), overridden === "" ? "" : `postgresql.auto.conf sets ${overridden}`];
    return { drift: drift.filter((part) => part !== "").join(", ") };
  },
};

/** For a server that can refuse files: the files to restore if it does. */
async function filesBefore(
  engine: Engine,
  { volume, image, reload: server }: ConfigFilesInputs,
  olds: Properties | undefined,
): Promise<ReadonlyMap<string, VolumeFile>> {
  if (olds === undefined || !canRefuse(server)) return new Map();
  return (await readVolumeFiles(engine, volume, image)) ?? new Map<string, VolumeFile>();
}

type Refusing = Extract<ConfigFilesInputs["reload"], { readonly server: TriedServer }>;

function canRefuse(running: ConfigFilesInputs["reload"]): running is Refusing {
  return running.server !== "none" && running.server !== "exporters";
}

/** The container that a trial works for: of several with the same files the first. */
function containerOf(running: Refusing): string {
  return running.server === "pgbouncer" ? (running.processes[0]?.container ?? "") : running.container;
}

function trialFor(
  { reload: running, image, files, secretFiles }: ConfigFilesInputs,
  before: ReadonlyMap<string, VolumeFile>,
): Trial | undefined {
  if (!canRefuse(running)) return undefined;
  const plain = Object.entries(files).map(([path, content]) => ({ path, content, mode: 0o644, isSecret: false }));
  const secret = Object.entries(secretFiles).map(([path, file]) => ({ path, ...file, isSecret: true }));
  return {
    server: running.server,
    container: containerOf(running),
    image,
    files: [...plain, ...secret, ...includedBy(running.server, before)],
  };
}

/** What the files include and another resource writes; without it none of them is read. */
function includedBy(server: TriedServer, before: ReadonlyMap<string, VolumeFile>): Trial["files"] {
  if (server !== "pgbouncer") return [];
  const path = processRoutesFile(1);
  return [{ path, content: before.get(path)?.content ?? "", mode: 0o644, isSecret: false }];
}

async function reloadServer(context: Context, engine: Engine, wanted: ConfigFilesInputs, olds: Properties | undefined): Promise<void> {
  const running = wanted.reload;
  if (running.server === "postgres") await reloadPostgres(context, engine, running);
  if (running.server === "pgbouncer")
    await reloadPgbouncer(context, engine, { ...running, processes: await withAddresses(engine, running.processes) });
  if (isPrometheus(running)) await reloadPrometheus(context, engine, running);
  if (running.server === "exporters" && isOther(olds, wanted)) await restartExporters(context, engine, running.containers);
}

function isPrometheus(
  running: ConfigFilesInputs["reload"],
): running is Extract<ConfigFilesInputs["reload"], { server: "prometheus" | "alertmanager" }> {
  return running.server === "prometheus" || running.server === "alertmanager";
}

/** Refused files would keep the server from starting the next time. */
async function putBack(
  context: Context,
  engine: Engine,
  wanted: ConfigFilesInputs,
  before: ReadonlyMap<string, VolumeFile>,
): Promise<void> {
  if (before.size === 0) return;
  // Without the routes, which may be others by now and are not this resource's.
  const files = [...before].filter(([path]) => !isRoutesFile(path)).map(([path, file]) => ({ ...file, path }));
  await writeVolumeFiles(engine, wanted.volume, wanted.image, files);
  // This also reverts what it accepted of the refused files. An error now would be about files that it ran with until now.
  const { reload: running } = wanted;
  const again = running.server === "pgbouncer" ? reloadQuietly(context, engine, running) : reloadServer(context, engine, wanted, undefined);
  await again.catch(() => undefined);
}

/** Whether the volume may have held other files before. */
function isOther(olds: Properties | undefined, { files, secretFiles }: ConfigFilesInputs): boolean {
  const stored = configFilesInputs.pick({ files: true, secretFiles: true }).safeParse(olds);
  if (!stored.success || olds?.["drift"] !== "") return true;
  return (
    Object.entries(files).some(([path, content]) => stored.data.files[path] !== content) ||
    Object.entries(secretFiles).some(([path, { content }]) => stored.data.secretFiles[path]?.content !== content)
  );
}

function filesOf(wanted: ConfigFilesInputs): readonly VolumeFile[] {
  return [
    ...Object.entries(wanted.files).map(([path, content]) => ({ path, content, mode: 0o644 })),
    ...Object.entries(wanted.secretFiles).map(([path, { mode, content }]) => ({ path, content, mode })),
  ];
}

/** Names and kinds of differences, never contents: some files are secret. */
function driftOf(wanted: readonly VolumeFile[], found: ReadonlyMap<string, VolumeFile>): string {
  return wanted
    .flatMap(({ path, content, mode }) => {
      const is = found.get(path);
      if (is === undefined) return [`${path} is missing`];
      if (is.content !== content) return [`${path} was changed`];
      return is.mode === mode ? [] : [`${path} has mode ${is.mode.toString(8)} instead of ${mode.toString(8)}`];
    })
    .join(", ");
}
