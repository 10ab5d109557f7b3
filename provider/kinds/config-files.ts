import { z } from "zod";

import { connectEngine } from "../../src/engine/connect.ts";
import type { Engine } from "../../src/engine/connect.ts";
import type { VolumeFile } from "../../src/engine/volume-files.ts";
import { readVolumeFiles, removeCarriers, writeVolumeFiles } from "../../src/engine/volume-files.ts";
import { endpoint, parseInputs } from "../inputs.ts";
import type { Kind } from "../kind.ts";
import { restartExporters } from "../reload/exporters.ts";
import { reloadPrometheus } from "../reload/prometheus.ts";
import { reloadPgbouncer, servesOtherwise } from "../reload/pgbouncer.ts";
import { overriddenSettings, reloadPostgres } from "../reload/postgres.ts";
import type { Properties } from "../wire.ts";

const reload = z.discriminatedUnion("server", [
  z.object({ server: z.literal("none") }),
  z.object({ server: z.literal("postgres"), container: z.string() }),
  z.object({ server: z.literal("exporters"), containers: z.array(z.string()) }),
  z.object({ server: z.literal(["prometheus", "alertmanager"]), container: z.string(), address: endpoint }),
  z.object({
    server: z.literal("pgbouncer"),
    container: z.string(),
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
 * Files of a config volume. After a change the running server reads them again, and has to prove it. `drift` names what was
 * changed by hand since (empty when nothing was).
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
    await writeVolumeFiles(engine, wanted.volume, wanted.image, filesOf(wanted));
    if (wanted.reload.server === "postgres") await reloadPostgres(context, engine, wanted.reload);
    if (wanted.reload.server === "pgbouncer") await reloadPgbouncer(context, engine, wanted.reload);
    if (wanted.reload.server === "prometheus" || wanted.reload.server === "alertmanager") {
      await reloadPrometheus(context, engine, wanted.reload);
    }
    if (wanted.reload.server === "exporters" && isOther(olds, wanted)) await restartExporters(context, engine, wanted.reload.containers);
    return { drift: "" };
  },

  // Files may be there that their server refused.
  failed: { drift: "not read by the server" },

  /** The files go with their volume, which Pulumi removes next. */
  remove: async (_context, stored) => {
    const { host, volume } = parseInputs(inputs, stored);
    await removeCarriers(await connectEngine(host), volume);
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

/** The stored image may have been pruned since; any other does as well. */
async function anyImage(engine: Engine, preferred: string): Promise<string> {
  const images = await engine.listImages();
  if (images.some(({ RepoTags, RepoDigests }) => [...(RepoTags ?? []), ...(RepoDigests ?? [])].includes(preferred))) return preferred;
  return images[0]?.Id ?? preferred;
}
