import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";

import { extract, pack } from "tar-stream";

import { containerUser } from "../layout.ts";
import type { Engine } from "./connect.ts";
import { isNotFound } from "./connect.ts";

/** A file in a volume. */
export interface VolumeFile {
  /** Path below the volume's root. */
  readonly path: string;
  readonly content: string;
  /** Permission bits, e.g. 0o644. */
  readonly mode: number;
}

const mountPoint = "/volume";
/** On a carrier: the volume's name. */
const carrierLabel = "pgstack.carrier";
/** No carrier works for this long, in seconds. */
const staleS = 60;

/**
 * Writes files into a volume, which is made if it is not there, owned by the containers' user. They travel as an archive into a container that mounts the
 * volume and is never started, so no process sees them and no image needs a shell (0.1 to 0.25 s).
 */
export async function writeVolumeFiles(engine: Engine, volume: string, image: string, files: readonly VolumeFile[]): Promise<void> {
  const body = await archiveOf(files);
  await withCarrier(engine, volume, image, false, (carrier) => carrier.putArchive(body, { path: mountPoint }));
}

/** An archive with files and their folders, owned by the containers' user. */
export async function archiveOf(files: readonly VolumeFile[]): Promise<Buffer> {
  const archive = pack();
  const mtime = nextTime();
  const owner = { uid: containerUser.uid, gid: containerUser.gid, mtime };
  for (const folder of foldersOf(files)) archive.entry({ name: folder, type: "directory", mode: 0o755, ...owner });
  for (const { path, content, mode } of files) {
    archive.entry({ name: path, mode, ...owner }, content);
  }
  archive.finalize();
  return buffer(archive);
}

/** Folders of the files, the outer ones first: the engine would make them for root. */
function foldersOf(files: readonly VolumeFile[]): readonly string[] {
  const folders = files.flatMap(({ path }) => {
    const parts = path.split("/").slice(0, -1);
    return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
  });
  return [...new Set(folders)].toSorted();
}

let lastTime = 0;

/**
 * Another second for each write: PgBouncer reads its userlist again only when the file looks different, and a rotated one has the
 * same size, and often the same inode.
 */
function nextTime(): Date {
  lastTime = Math.max(Date.now(), lastTime + 1000);
  return new Date(lastTime);
}

/**
 * Reads the files of a volume.
 *
 * @returns path → content and permission bits; undefined when the volume does not exist
 */
export async function readVolumeFiles(engine: Engine, volume: string, image: string): Promise<ReadonlyMap<string, VolumeFile> | undefined> {
  if (!(await volumeExists(engine, volume))) return undefined;
  return withCarrier(engine, volume, image, true, async (carrier) => {
    const stream = await carrier.getArchive({ path: `${mountPoint}/.` });
    const files = new Map<string, VolumeFile>();
    const reader = extract();
    Readable.from(stream).pipe(reader);
    for await (const entry of reader) {
      const { name, type, mode } = entry.header;
      const content = (await buffer(entry)).toString("utf8");
      if (type === "file") files.set(name.replace(/^\.?\//, ""), { path: name, content, mode: mode & 0o777 });
    }
    return files;
  });
}

/** One small file of a volume; undefined when there is none (or no volume). */
export async function readVolumeFile(engine: Engine, volume: string, image: string, path: string): Promise<string | undefined> {
  if (!(await volumeExists(engine, volume))) return undefined;
  return withCarrier(engine, volume, image, true, async (carrier) => {
    try {
      const reader = extract();
      Readable.from(await carrier.getArchive({ path: `${mountPoint}/${path}` })).pipe(reader);
      for await (const entry of reader) return (await buffer(entry)).toString("utf8");
      return undefined;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  });
}

export async function volumeExists(engine: Engine, volume: string): Promise<boolean> {
  try {
    await engine.getVolume(volume).inspect();
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

type Carrier = Awaited<ReturnType<Engine["createContainer"]>>;

/** Runs `work` with a container that mounts the volume and is never started; removes it whatever happens. */
async function withCarrier<T>(
  engine: Engine,
  volume: string,
  image: string,
  readOnly: boolean,
  work: (carrier: Carrier) => Promise<T>,
): Promise<T> {
  await removeCarriers(engine, volume, staleS);
  const carrier = await engine.createContainer({
    Image: image,
    Cmd: ["true"],
    Labels: { [carrierLabel]: volume },
    HostConfig: { Mounts: [{ Type: "volume", Source: volume, Target: mountPoint, ReadOnly: readOnly }], NetworkMode: "none" },
  });
  try {
    return await work(carrier);
  } finally {
    // Anonymous volumes that the image declares go with it; named ones stay.
    await carrier.remove({ force: true, v: true });
  }
}

/**
 * Removes carriers that a killed process has left: the volume could not be removed while there is one.
 *
 * @param olderS - what is younger than this, in seconds, may still be at work
 */
export async function removeCarriers(engine: Engine, volume: string, olderS = 0): Promise<void> {
  const found = await engine.listContainers({ all: true, filters: { label: [`${carrierLabel}=${volume}`] } });
  const left = found.filter(({ Created }) => Created <= Date.now() / 1000 - olderS);
  await Promise.all(
    left.map(async ({ Id }) => {
      try {
        await engine.getContainer(Id).remove({ force: true, v: true });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }),
  );
}

/** Nothing happens to one that is gone already. */
export async function removeVolume(engine: Engine, volume: string): Promise<void> {
  try {
    await engine.getVolume(volume).remove();
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** An image to read volumes with: the stored one may have been pruned since, and any other works as well. */
export async function anyImage(engine: Engine, preferred: string): Promise<string> {
  const images = await engine.listImages();
  if (images.some(({ RepoTags, RepoDigests }) => [...(RepoTags ?? []), ...(RepoDigests ?? [])].includes(preferred))) return preferred;
  return images[0]?.Id ?? preferred;
}
