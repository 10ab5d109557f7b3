import { z } from "zod";

import { connectEngine } from "../../src/engine/connect.ts";
import type { Engine } from "../../src/engine/connect.ts";
import { removeThrowAways } from "../../src/engine/throw-away.ts";
import type { VolumeFile } from "../../src/engine/volume-files.ts";
import { readVolumeFiles, removeCarriers, writeVolumeFiles } from "../../src/engine/volume-files.ts";
import { endpoint, parseInputs } from "../inputs.ts";
import type { Context, Kind } from "../kind.ts";
import { restartExporters } from "../reload/exporters.ts";
import { reloadPrometheus } from "../reload/prometheus.ts";
import { reloadPgbouncer, servesOtherwise } from "../reload/pgbouncer.ts";
import { overriddenSettings, reloadPostgres } from "../reload/postgres.ts";
import { poolerNow } from "../service/published.ts";
import { RefusedFiles } from "../reload/refused-files.ts";
import { liftStopMark } from "../reload/stop-mark.ts";
import { hasOtherFiles, tryFiles } from "../reload/trial.ts";
import type { TriedServer } from "../reload/trial-servers.ts";
import type { Trial } from "../reload/trial.ts";
import { reloadQuietly } from "../traffic/quiet.ts";
import type { Properties } from "../wire.ts";

const reload = z.discriminatedUnion("server", [
  z.object({ server: z.literal("none") }),
  z.object({ server: z.literal("postgres"), container: z.string() }),
  z.object({ server: z.literal("exporters"), containers: z.array(z.string()) }),
  z.object({
    server: z.literal(["prometheus", "alertmanager"]),
    container: z.string(),
    address: endpoint,
    /** How it is told to reload. Absent in the state of an older version, which had the engine do it. */
    signals: z.literal("inside").optional(),
  }),
  z.object({
    server: z.literal("pgbouncer"),
    container: z.string(),
    listener: z.string().optional(),
    address: endpoint,
    password: z.string(),
    drainTimeoutS: z.number(),
    /** `[pgbouncer]` settings as they must be in effect afterwards. */
    settings: z.record(z.string(), z.string()),
  }),
]);

const inputs = z.object({
  host: z.string(),
  volume: z.string(),
  /** Any image on the engine: the container that carries the files is never started. */
  image: z.string(),
  /** Path → text: what a preview shows line by line. */
  files: z.record(z.string(), z.string()),
  secretFiles: z.record(z.string(), z.object({ mode: z.number(), content: z.string() })),
  reload,
});

type Inputs = z.output<typeof inputs>;

/**
 * Files of a config volume. After a change the running server reloads them, which is verified. `drift` names what was changed
 * by hand since (empty if nothing was).
 */
export const configFiles: Kind = {
  needsWork: async (_context, olds, news) => {
    if (olds["drift"] !== "") return true;
    const { reload: running, files } = parseInputs(inputs, news);
    return running.server === "pgbouncer" && (await servesOtherwise(running, files["pgbouncer.ini"] ?? ""));
  },

  apply: async (context, properties, olds) => {
    const wanted = parseInputs(inputs, properties);
    const engine = await connectEngine(wanted.host);
    const before = await filesBefore(engine, wanted, olds);
    // First, and with the files that it runs with: it may refuse the new ones.
    if (isFromOutside(olds) && isPrometheus(wanted.reload)) await liftStopMark(context, engine, wanted.reload);
    const trial = before.size === 0 ? undefined : trialFor(wanted);
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

  /** The files are deleted with their volume, which Pulumi removes next. */
  remove: async (_context, stored) => {
    const { host, volume, reload: running } = parseInputs(inputs, stored);
    const engine = await connectEngine(host);
    await removeCarriers(engine, volume);
    if (canRefuse(running)) await removeThrowAways(engine, running.container);
  },

  read: async (_context, stored) => {
    const wanted = parseInputs(inputs, stored);
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
  { volume, image, reload: server }: Inputs,
  olds: Properties | undefined,
): Promise<ReadonlyMap<string, VolumeFile>> {
  if (olds === undefined || !canRefuse(server)) return new Map();
  return (await readVolumeFiles(engine, volume, image)) ?? new Map<string, VolumeFile>();
}

function canRefuse(running: Inputs["reload"]): running is Extract<Inputs["reload"], { readonly server: TriedServer }> {
  return running.server !== "none" && running.server !== "exporters";
}

function trialFor({ reload: running, image, files, secretFiles }: Inputs): Trial | undefined {
  if (!canRefuse(running)) return undefined;
  const plain = Object.entries(files).map(([path, content]) => ({ path, content, mode: 0o644, isSecret: false }));
  const secret = Object.entries(secretFiles).map(([path, file]) => ({ path, ...file, isSecret: true }));
  return { server: running.server, container: running.container, image, files: [...plain, ...secret] };
}

async function reloadServer(context: Context, engine: Engine, wanted: Inputs, olds: Properties | undefined): Promise<void> {
  const running = wanted.reload;
  if (running.server === "postgres") await reloadPostgres(context, engine, running);
  if (running.server === "pgbouncer") await reloadPgbouncer(context, engine, await poolerNow(engine, running));
  if (isPrometheus(running)) await reloadPrometheus(context, engine, running);
  if (running.server === "exporters" && isOther(olds, wanted)) await restartExporters(context, engine, running.containers);
}

function isPrometheus(running: Inputs["reload"]): running is Extract<Inputs["reload"], { server: "prometheus" | "alertmanager" }> {
  return running.server === "prometheus" || running.server === "alertmanager";
}

/** Whether these files are from a version that sent signals through the engine. */
function isFromOutside(olds: Properties | undefined): boolean {
  const stored = inputs.pick({ reload: true }).safeParse(olds);
  return stored.success && isPrometheus(stored.data.reload) && stored.data.reload.signals === undefined;
}

/** Refused files would keep the server from starting the next time. */
async function putBack(context: Context, engine: Engine, wanted: Inputs, before: ReadonlyMap<string, VolumeFile>): Promise<void> {
  if (before.size === 0) return;
  const files = [...before].map(([path, file]) => ({ ...file, path }));
  await writeVolumeFiles(engine, wanted.volume, wanted.image, files);
  // This also reverts what it accepted of the refused files. An error now would be about files that it ran with until now.
  const { reload: running } = wanted;
  const again = running.server === "pgbouncer" ? reloadQuietly(context, engine, running) : reloadServer(context, engine, wanted, undefined);
  await again.catch(() => undefined);
}

/** Whether the volume may have held other files before. */
function isOther(olds: Properties | undefined, { files, secretFiles }: Inputs): boolean {
  const stored = inputs.pick({ files: true, secretFiles: true }).safeParse(olds);
  if (!stored.success || olds?.["drift"] !== "") return true;
  return (
    Object.entries(files).some(([path, content]) => stored.data.files[path] !== content) ||
    Object.entries(secretFiles).some(([path, { content }]) => stored.data.secretFiles[path]?.content !== content)
  );
}

function filesOf(wanted: Inputs): readonly VolumeFile[] {
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

/** The stored image may have been pruned since; any other image works as well. */
async function anyImage(engine: Engine, preferred: string): Promise<string> {
  const images = await engine.listImages();
  if (images.some(({ RepoTags, RepoDigests }) => [...(RepoTags ?? []), ...(RepoDigests ?? [])].includes(preferred))) return preferred;
  return images[0]?.Id ?? preferred;
}
