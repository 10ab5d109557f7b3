import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, isAbsolute, join, normalize } from "node:path";

import { z } from "zod";

import { UserError } from "../errors.ts";

/** A file of a bundle as it is on disk. */
export interface DiskFile {
  /** Path below the bundle's folder. */
  readonly path: string;
  readonly content: string;
  /** Readable only by its owner. */
  readonly secret: boolean;
}

/** Says whose bundle a folder holds and which files of it were rendered: nothing else is ever removed. */
const manifestName = "manifest.json";

const manifestSchema = z.object({ pgstack: z.literal("bundle"), stack: z.string(), files: z.array(z.string()) });
type Manifest = z.output<typeof manifestSchema>;

/** Why a bundle of this stack may not be written to a folder; undefined when it may. */
export function folderProblem(folder: string, stack: string): string | undefined {
  const found = listFolder(folder);
  if (found === "not a folder") return "it is not a folder";
  if (found.length === 0) return undefined;
  const manifest = readManifest(folder);
  if (manifest === undefined) return "it is not empty and holds no bundle of pgstack";
  return manifest.stack === stack ? undefined : `it holds the bundle of the stack ${manifest.stack}`;
}

/** @throws UserError when the folder holds something else than a bundle of this stack */
export function checkFolder(folder: string, stack: string): void {
  const problem = folderProblem(folder, stack);
  if (problem !== undefined) throw new UserError([{ where: folder, problem, fix: "name a folder that is empty or does not exist" }]);
}

/**
 * Writes a bundle: folder 0700, secret files 0600 in folders 0700, only what differs, each file in one step. Files that an
 * earlier rendering wrote and this one does not are removed; everything else stays.
 *
 * @throws UserError when the folder holds something else
 */
export function writeBundle(folder: string, stack: string, files: readonly DiskFile[]): void {
  checkFolder(folder, stack);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  const before = readManifest(folder)?.files ?? [];
  const now = files.map(({ path }) => path).toSorted();
  // First both: what an interrupted run has written can be removed by the next one.
  writeManifest(folder, stack, [...new Set([...before, ...now])].toSorted());
  for (const file of files) {
    if (differenceOf(folder, file) !== undefined) writeFile(folder, file);
  }
  removeFiles(
    folder,
    before.filter((path) => !now.includes(path)),
  );
  writeManifest(folder, stack, now);
}

/** What differs on disk, one phrase per file, never a content. */
export function bundleDrift(folder: string, files: readonly DiskFile[]): readonly string[] {
  return files.flatMap((file) => differenceOf(folder, file) ?? []);
}

/** Removes what was rendered into a folder, folders that are empty then, and nothing else. */
export function removeBundle(folder: string, stack: string): void {
  const manifest = readManifest(folder);
  if (manifest?.stack !== stack) return;
  removeFiles(folder, [...manifest.files, manifestName]);
  removeIfEmpty(folder);
}

function differenceOf(folder: string, { path, content, secret }: DiskFile): string | undefined {
  const at = join(folder, path);
  const found = lstatSync(at, { throwIfNoEntry: false });
  if (found === undefined) return `${path} is missing`;
  if (!found.isFile()) return `${path} is not a file`;
  if (secret && (found.mode & 0o077) !== 0) return `${path} is readable by others`;
  return readFileSync(at, "utf8") === content ? undefined : `${path} was changed`;
}

function writeFile(folder: string, { path, content, secret }: DiskFile): void {
  makeFolders(folder, dirname(path));
  const at = join(folder, path);
  const partial = `${at}.new`;
  rmSync(partial, { force: true });
  writeFileSync(partial, content, { mode: secret ? 0o600 : 0o644, flag: "wx" });
  chmodSync(partial, secret ? 0o600 : 0o644);
  renameSync(partial, at);
}

/** Folders on the way to a file; folders of secrets are accessible only to their owner. */
function makeFolders(folder: string, path: string): void {
  let at = folder;
  for (const part of path.split("/").filter((name) => name !== ".")) {
    at = join(at, part);
    mkdirSync(at, { recursive: true });
    chmodSync(at, path === "secrets" || path.startsWith("secrets/") ? 0o700 : 0o755);
  }
}

function removeFiles(folder: string, paths: readonly string[]): void {
  // The list is a file that anyone could have edited.
  const inside = paths.filter((path) => !isAbsolute(path) && !normalize(path).startsWith(".."));
  for (const path of inside) rmSync(join(folder, path), { force: true });
  const folders = new Set(inside.flatMap((path) => ancestors(path)));
  // The deepest first.
  for (const path of [...folders].toSorted((a, b) => b.length - a.length)) removeIfEmpty(join(folder, path));
}

function ancestors(path: string): string[] {
  const parent = dirname(path);
  return parent === "." ? [] : [parent, ...ancestors(parent)];
}

function removeIfEmpty(folder: string): void {
  const found = listFolder(folder);
  if (found !== "not a folder" && found.length === 0 && lstatSync(folder, { throwIfNoEntry: false }) !== undefined) rmdirSync(folder);
}

/** Entries of a folder; none when it does not exist. */
function listFolder(folder: string): readonly string[] | "not a folder" {
  try {
    return readdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return [];
    if (code === "ENOTDIR") return "not a folder";
    throw error;
  }
}

function readManifest(folder: string): Manifest | undefined {
  try {
    return manifestSchema.safeParse(JSON.parse(readFileSync(join(folder, manifestName), "utf8"))).data;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function writeManifest(folder: string, stack: string, files: readonly string[]): void {
  const manifest: Manifest = { pgstack: "bundle", stack, files: [...files] };
  const file: DiskFile = { path: manifestName, content: `${JSON.stringify(manifest, undefined, 2)}\n`, secret: false };
  if (differenceOf(folder, file) !== undefined) writeFile(folder, file);
}
