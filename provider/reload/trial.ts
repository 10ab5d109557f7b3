import { readFileSync } from "node:fs";

import type { Engine } from "../../src/engine/connect.ts";
import { runThrowAway } from "../../src/engine/throw-away.ts";
import type { ThrowAway } from "../../src/engine/throw-away.ts";
import { UserError } from "../../src/errors.ts";
import { socketFolder } from "../../src/plan/container.ts";
import { paths } from "../../src/plan/paths.ts";
import type { Context } from "../kind.ts";

export interface Trial {
  readonly container: string;
  readonly image: string;
  /** Path → text of the node's plain files. */
  readonly files: Readonly<Record<string, string>>;
}

const settingsFile = "postgresql.conf";

/** What tells nodes apart. It is pgstack's own and the same at each start. */
const identity = /^(cluster_name|primary_conninfo|primary_slot_name|recovery_target_timeline) = /;

/** Settings that were accepted or are being tried: those of all nodes are the same, so one trial is enough for them. */
const trials = new Map<string, Promise<void>>();

/** Whether a server would get other settings than the files that it has now give it. */
export function hasOtherSettings(now: string | undefined, wanted: Readonly<Record<string, string>>): boolean {
  const next = wanted[settingsFile];
  return now !== undefined && next !== undefined && settingsOf(now) !== settingsOf(next);
}

function settingsOf(text: string): string {
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#") && !identity.test(line))
    .join("\n");
}

/**
 * Starts PostgreSQL with the files on a scratch database, in a container of its own (a second). A running server takes a file
 * whose mistakes keep it from starting the next time, and at a reload it does not look for libraries or lock out the session
 * that asks.
 *
 * @throws UserError with the server's own words
 */
export async function trySettings(context: Context, engine: Engine, trial: Trial): Promise<void> {
  const key = JSON.stringify([trial.image, settingsOf(trial.files[settingsFile] ?? "")]);
  const running = trials.get(key);
  if (running !== undefined) return running;
  const started = run(context, engine, trial);
  trials.set(key, started);
  try {
    await started;
  } catch (error) {
    // Whatever it was may be over the next time.
    trials.delete(key);
    throw error;
  }
}

async function run(context: Context, engine: Engine, trial: Trial): Promise<void> {
  context.status("trying the settings");
  const output = await runThrowAway(engine, containerOf(trial), context.signal);
  if (output.trimEnd().endsWith("accepted")) return;
  throw new UserError([
    {
      where: trial.container,
      problem: `PostgreSQL does not start and serve with these settings: ${reasonsIn(output)}`,
      fix: "correct the setting in the stack file; no server has been given it",
    },
  ]);
}

function containerOf({ container, image, files }: Trial): ThrowAway {
  const script = readFileSync(new URL("../../templates/postgres/trial.sh", import.meta.url), "utf8");
  const all = { ...files, "trial.sh": script };
  return {
    container,
    image,
    command: ["/bin/bash", `${paths.config}/trial.sh`],
    files: Object.entries(all).map(([path, content]) => ({ path: `pgstack/${path}`, content, mode: 0o644 })),
    tmpfs: { "/tmp": "rw,nosuid,size=256m", [paths.socketDirectory]: socketFolder },
  };
}

/** Lines of the server's log and of psql that tell why, without what stands around the reason; else the last lines. */
export function reasonsIn(output: string): string {
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  const reasons = lines.flatMap((line) => {
    const found =
      /(?:LOG|WARNING): {2}((?:invalid value|unrecognized|syntax error|parameter|could not|".*" ).*)$|(?:ERROR|FATAL|PANIC): {2}(.*)$/.exec(
        line,
      );
    const reason = found?.[1] ?? found?.[2];
    return reason === undefined ? [] : [reason];
  });
  const telling = reasons.filter((reason) => !/^configuration file ".*" contains errors$/.test(reason));
  const known = telling.length > 0 ? telling : reasons;
  return [...new Set(known.length > 0 ? known : lines.slice(-5))].join("; ");
}
