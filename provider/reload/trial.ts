import type { Engine } from "../../src/engine/connect.ts";
import { runThrowAway } from "../../src/engine/throw-away.ts";
import type { VolumeFile } from "../../src/engine/volume-files.ts";
import { UserError } from "../../src/errors.ts";
import type { Context } from "../kind.ts";
import { trialOf } from "./trial-servers.ts";
import type { ServerTrial, TriedServer } from "./trial-servers.ts";

export interface Trial {
  readonly server: TriedServer;
  readonly container: string;
  readonly image: string;
  /** All files of its config volume. */
  readonly files: readonly TrialFile[];
}

/** A file of the server's; a secret one is given to a trial only if it needs it. */
export interface TrialFile extends VolumeFile {
  readonly isSecret: boolean;
}

/** Successful outcomes, and running trials. */
const trials = new Map<string, Promise<void>>();

/** Whether a server would get other content than it has now, in files that it can refuse. */
export function hasOtherFiles({ server, files }: Trial, now: ReadonlyMap<string, VolumeFile>): boolean {
  const { essence } = trialOf[server];
  const given = givenTo(server, files);
  return essence(given) !== essence(given.map(({ path, mode }) => ({ path, mode, content: now.get(path)?.content ?? "" })));
}

/**
 * Starts a server with the files, in a separate container without network and volumes (about a second). A running server accepts
 * files whose mistakes prevent its next start; PgBouncer does not even report them.
 *
 * @throws UserError with the server's own messages
 */
export async function tryFiles(context: Context, engine: Engine, trial: Trial): Promise<void> {
  const key = JSON.stringify([trial.server, trial.image, trialOf[trial.server].essence(givenTo(trial.server, trial.files))]);
  const running = trials.get(key);
  if (running !== undefined) return running;
  const started = run(context, engine, trial);
  trials.set(key, started);
  try {
    await started;
  } catch (error) {
    // The cause may be gone the next time.
    trials.delete(key);
    throw error;
  }
}

function givenTo(server: TriedServer, files: readonly TrialFile[]): readonly VolumeFile[] {
  return files.filter(({ path, isSecret }) => !isSecret || trialOf[server].needs(path));
}

async function run(context: Context, engine: Engine, { server, container, image, files }: Trial): Promise<void> {
  const how = trialOf[server];
  context.status(`trying the ${how.what}`);
  const all = [...givenTo(server, files), { ...how.script, mode: 0o644 }];
  const output = await runThrowAway(
    engine,
    { container, image, command: how.command, files: all.map((file) => ({ ...file, path: `pgstack/${file.path}` })), tmpfs: how.tmpfs },
    context.signal,
  );
  if (/^accepted$/m.test(output)) return;
  throw new UserError([
    {
      where: container,
      problem: `${how.name} does not start and serve with these ${how.what}: ${reasonsIn(how, output)}`,
      fix: `correct ${server === "postgres" ? "the setting in the stack file" : "what the stack file gives to it, or its image"}; no server has been given it`,
    },
  ]);
}

/** Why it failed, each reason once; the last lines if no reason is known. */
export function reasonsIn({ reasons }: ServerTrial, output: string): string {
  const known = reasons(output);
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  return [...new Set(known.length > 0 ? known : lines.slice(-5))].join("; ");
}
