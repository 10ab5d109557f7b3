import { Command } from "@commander-js/extra-typings";

import { UserError } from "../errors.ts";
import type { CommandIo, Subcommand } from "./command.ts";
import { commonExitCodes, UsageError } from "./command.ts";
import { didYouMean, exitCodesHelp } from "./options.ts";
import type { RunPulumi } from "./pulumi.ts";
import { runPulumi } from "./pulumi.ts";
import { stackNamed } from "./stack-plan.ts";
import type { Rotatable } from "./stack-passwords.ts";
import { loadRotatable } from "./stack-passwords.ts";

/** Exit code when the deployment failed. */
export const failedExitCode = 3;

const codesHelp = exitCodesHelp(
  {
    [commonExitCodes.ok]: "done",
    [commonExitCodes.usage]: "mistake in the call, an unknown role, or the stack is not deployed",
    [failedExitCode]: "the deployment failed; the next one continues where it ended",
  },
  "No password is printed: read the new URLs with pulumi stack output --show-secrets.",
);

/** What `rotate` needs from outside; tests replace it. */
export interface RotateWorld {
  readonly load: typeof loadRotatable;
  readonly pulumi: RunPulumi;
}

/** The command `rotate`. */
export function rotateCommand(world: RotateWorld = { load: loadRotatable, pulumi: runPulumi }): Subcommand {
  return (io, finish) =>
    new Command("rotate")
      .summary("give roles new passwords without ending sessions")
      .description(
        "Gives roles of a deployed stack new passwords, in a deployment: sessions continue, a login needs the new password from then on, " +
          "and replicas and exporters get it too. Other changes of the stack file are deployed as well.",
      )
      .argument("[role...]", "app (or what appUser names), a declared user, replicator, monitoring or pgbouncer")
      .requiredOption("-s, --stack <name>", "the Pulumi stack")
      .option("--all", "every role")
      .option("--salt", "new salts for every role; passwords do not change")
      .option("--json", "print what was done as JSON; Pulumi's lines go to the error output")
      .addHelpText("after", codesHelp)
      .action((roles, given) => {
        if (given.all === true && roles.length > 0) throw new UsageError("name roles or give --all, not both");
        if (given.all !== true && given.salt !== true && roles.length === 0) throw new UsageError("name a role, or give --all or --salt");
        return finish(rotate(new Set(roles), given, io, world));
      });
}

interface RotateOptions {
  readonly stack: string;
  readonly all?: boolean | undefined;
  readonly salt?: boolean | undefined;
  readonly json?: boolean | undefined;
}

async function rotate(
  names: ReadonlySet<string>,
  { stack: named, all = false, salt = false, json = false }: RotateOptions,
  io: CommandIo,
  world: RotateWorld,
): Promise<number> {
  const stack = stackNamed(named).given;
  const known = await world.load(stack, io.signal);
  const roles = all ? [...known.roles.keys()] : [...names];
  const urns = [...urnsOf(stack, roles, known), ...(salt ? [known.salt] : [])];
  const up = ["up", "--stack", stack, "--yes", "--skip-preview", ...urns.flatMap((urn) => ["--replace", urn])];
  const code = await world.pulumi(up, io, json);
  io.signal.throwIfAborted();
  if (code !== 0) {
    io.err(`${stack}: the deployment failed. Fix what Pulumi reports, then: pulumi up --stack ${stack}\n`);
    return failedExitCode;
  }
  const outputs = outputsOf(roles, known);
  io.out(json ? `${JSON.stringify({ stack, rotated: roles, salt, outputs })}\n` : report(stack, roles, salt, outputs));
  return commonExitCodes.ok;
}

function urnsOf(stack: string, roles: readonly string[], known: Rotatable): readonly string[] {
  const names = [...known.roles.keys()];
  const unknown = roles.filter((role) => !known.roles.has(role));
  if (unknown.length > 0)
    throw new UserError(
      unknown.map((role) => ({
        where: `stack ${stack}`,
        problem: `it has no role ${role} with a password${didYouMean(role, names)}`,
        // The state has them in the order in which they were made last.
        fix: `one of ${names.toSorted().join(", ")}`,
      })),
    );
  return roles.flatMap((role) => known.roles.get(role) ?? []);
}

/** Stack outputs that hold a new password. */
function outputsOf(roles: readonly string[], { owner, users }: Rotatable): readonly string[] {
  return [
    ...(roles.includes(owner) ? ["writeUrl", "readUrl", "directUrl", "nodeUrls", "dotenv"] : []),
    ...(roles.includes("pgbouncer") ? ["adminUrl"] : []),
    ...(roles.some((role) => users.includes(role)) ? ["userUrls"] : []),
  ];
}

function report(stack: string, roles: readonly string[], salt: boolean, outputs: readonly string[]): string {
  const done = [
    ...(roles.length === 0 ? [] : [`new password for ${roles.join(", ")}`]),
    ...(salt ? ["new salts for every role"] : []),
  ].join("; ");
  const read = outputs.map((output) => `  pulumi stack output ${output} --show-secrets --stack ${stack}\n`).join("");
  return `${stack}: ${done}\n${read}`;
}
