import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { UserError } from "../errors.ts";
import type { Declared } from "../impact/declared.ts";
import { declaredSchema } from "../impact/declared.ts";
import { ProgramError } from "./stack-outputs.ts";

/** A commit and what it declares. */
export interface BaseCommit {
  readonly commit: string;
  /** Undefined when the stack is not in it. */
  readonly declared: Declared | undefined;
}

/**
 * What a commit declares, by the commit's own code in a temporary folder: neither an engine nor a login is needed, and the
 * working tree stays as it is. The packages are those of this checkout.
 *
 * @throws UserError when there is no such commit, its code is too old, or its stack file is not valid
 */
export async function loadBase(root: string, ref: string, stack: string, signal: AbortSignal): Promise<BaseCommit> {
  const git = (...args: readonly string[]): Promise<string> => run("git", args, root, signal);
  const commit = await commitOf(ref, git);
  const short = commit.slice(0, 12);
  // Below the repository's top folder too: `./` counts from here.
  if (!(await succeeds(git("cat-file", "-e", `${commit}:./Pulumi.${stack}.yaml`)))) return { commit: short, declared: undefined };
  const folder = mkdtempSync(join(tmpdir(), "pgstack-base-"));
  try {
    const archive = join(folder, "base.tar");
    const tree = join(folder, "tree");
    await git("archive", "--format=tar", "--prefix=tree/", `--output=${archive}`, commit);
    await run("tar", ["-xf", archive, "-C", folder], root, signal);
    if (!existsSync(join(tree, "node_modules"))) symlinkSync(join(root, "node_modules"), join(tree, "node_modules"));
    return { commit: short, declared: await declaredBy(tree, ref, stack, signal) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function commitOf(ref: string, git: (...args: readonly string[]) => Promise<string>): Promise<string> {
  try {
    return (await git("rev-parse", "--verify", "--quiet", "--end-of-options", `${ref}^{commit}`)).trim();
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    if (error.code === "ENOENT") throw problem(ref, "`git` was not found on PATH", "install git");
    throw problem(ref, "there is no such commit in this checkout", "name another one, or fetch it: git fetch origin");
  }
}

async function declaredBy(tree: string, ref: string, stack: string, signal: AbortSignal): Promise<Declared> {
  const main = join(tree, "src/cli/main.ts");
  const tooOld = problem(
    ref,
    "its pgstack is of another version, whose plan cannot be compared with this one",
    "name a later commit, or compare with the deployed state: leave --base out",
  );
  if (!existsSync(main)) throw tooOld;
  try {
    const parsed = declaredSchema.safeParse(
      JSON.parse(await run(process.execPath, [main, "preview", "--stack", stack, "--declared"], tree, signal)),
    );
    if (parsed.success) return parsed.data;
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    if (!/unknown (?:command|option)/.test(error.message)) {
      const said = error.message.trim().replace(/^error: /, "");
      throw problem(ref, `it cannot be planned: ${said}`, "name a commit whose stack file is valid");
    }
  }
  throw tooOld;
}

function problem(ref: string, what: string, fix: string): UserError {
  return new UserError([{ where: `commit ${ref}`, problem: what, fix }]);
}

async function succeeds(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (error instanceof ProgramError) return false;
    throw error;
  }
}

function run(program: string, args: readonly string[], cwd: string, signal: AbortSignal): Promise<string> {
  return new Promise((fulfil, reject) => {
    execFile(program, [...args], { cwd, maxBuffer: 64 * 1024 * 1024, signal }, (error, stdout, stderr) => {
      if (error === null) fulfil(stdout);
      else if (signal.aborted) reject(signal.reason);
      else reject(new ProgramError(String(error.code ?? "unknown"), stderr));
    });
  });
}
