import { UserError } from "../errors.ts";
import type { Command, CommandIo } from "./command.ts";
import { commonExitCodes, UsageError } from "./command.ts";
import { didYouMean, parseOptionsAndNames } from "./options.ts";
import type { RunPulumi } from "./pulumi.ts";
import { runPulumi } from "./pulumi.ts";
import { stackNamed } from "./stack-plan.ts";
import type { Rotatable } from "./stack-passwords.ts";
import { loadRotatable } from "./stack-passwords.ts";

/** Exit code when the deployment failed. */
export const failedExitCode = 3;

const help = `Usage: pgstack rotate ROLE... --stack NAME [--json]
       pgstack rotate --all --stack NAME [--json]
       pgstack rotate --salt --stack NAME [--json]

Gives roles of a deployed stack new passwords, with a deployment: sessions go on,
a login takes the new password at once and the old one no longer, and replicas and
exporters follow. What else the stack file has changed is deployed too.

  ROLE                 app (or what appUser names), a declared user, replicator,
                       monitoring or pgbouncer
  -s, --stack NAME     the Pulumi stack
      --all            every role
      --salt           new salts for every role; passwords stay
      --json           print what was done as JSON; Pulumi's lines go to the error output
  -h, --help           print this

No password is printed: read the new URLs with pulumi stack output --show-secrets.

Exit codes:
   0  done
   1  unexpected error
   2  mistake in the call, an unknown role, or the stack is not deployed
   ${failedExitCode}  the deployment failed; the next one goes on where it ended
 130  interrupted
`;

const options = {
  stack: { type: "string", short: "s" },
  all: { type: "boolean" },
  salt: { type: "boolean" },
  json: { type: "boolean" },
} as const;

/** What `rotate` needs from outside; tests replace it. */
export interface RotateWorld {
  readonly load: typeof loadRotatable;
  readonly pulumi: RunPulumi;
}

/** The command `rotate`. */
export function rotateCommand(world: RotateWorld = { load: loadRotatable, pulumi: runPulumi }): Command {
  return {
    name: "rotate",
    summary: "give roles new passwords while sessions go on",
    help,
    run: async (args, io) => rotate(args, io, world),
  };
}

async function rotate(args: readonly string[], io: CommandIo, world: RotateWorld): Promise<number> {
  const { names, stack, all = false, salt = false, json = false } = readArguments(args);
  const known = await world.load(stack, io.signal);
  const roles = all ? [...known.roles.keys()] : names;
  const urns = [...urnsOf(stack, roles, known), ...(salt ? [known.salt] : [])];
  const up = ["up", "--stack", stack, "--yes", "--skip-preview", ...urns.flatMap((urn) => ["--replace", urn])];
  const code = await world.pulumi(up, io, json);
  io.signal.throwIfAborted();
  if (code !== 0) {
    io.err(`${stack}: the deployment failed. Mend what Pulumi names, then: pulumi up --stack ${stack}\n`);
    return failedExitCode;
  }
  const outputs = outputsOf(roles, known);
  io.out(json ? `${JSON.stringify({ stack, rotated: roles, salt, outputs })}\n` : report(stack, roles, salt, outputs));
  return commonExitCodes.ok;
}

interface Arguments {
  readonly names: readonly string[];
  readonly stack: string;
  readonly all: boolean | undefined;
  readonly salt: boolean | undefined;
  readonly json: boolean | undefined;
}

function readArguments(args: readonly string[]): Arguments {
  const { names, options: given } = parseOptionsAndNames(args, options);
  if (given.stack === undefined) throw new UsageError("option --stack is missing");
  if (given.all === true && names.length > 0) throw new UsageError("name roles or give --all, not both");
  if (given.all !== true && given.salt !== true && names.length === 0) throw new UsageError("name a role, or give --all or --salt");
  return { ...given, names: [...new Set(names)], stack: stackNamed(given.stack).given };
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
    ...(roles.includes(owner) ? ["writeUrl", "readUrl", "directUrl", "replicaUrls", "dotenv"] : []),
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
