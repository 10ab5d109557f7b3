import { existsSync } from "node:fs";
import { join } from "node:path";

import type { StackName } from "../config/stack-name.ts";
import { UserError } from "../errors.ts";
import type { Impact } from "../impact/classes.ts";
import type { Declared } from "../impact/declared.ts";
import { declaredOf } from "../impact/declared.ts";
import { impactOf, refusedImpact } from "../impact/impact.ts";
import type { Compared } from "../impact/report.ts";
import { comparedText, impactJson, impactMarkdown, impactText } from "../impact/report.ts";
import { renderFiles } from "../render/files.ts";
import { loadBase } from "./base-commit.ts";
import type { Command, CommandIo } from "./command.ts";
import { commonExitCodes, UsageError, warnOf } from "./command.ts";
import { parseOptions } from "./options.ts";
import { project, readStack, stackNamed } from "./stack-plan.ts";
import { loadDeployed } from "./stack-state.ts";

/** Exit code when a change is refused. */
export const refusedExitCode = 3;

const help = `Usage: pgstack preview --stack NAME [--base REF] [--json | --markdown]

Says what the stack file and the code in this folder would do to a stack, before
anything happens: for each change how it takes effect, which nodes it touches in
which order, and how long clients wait.

  -s, --stack NAME     the stack, by the name of its file
      --base REF       compare with what this commit declares, instead of with the
                       deployed state: needs git, and neither an engine nor a login
      --json           print it as JSON (docs/impact.md)
      --markdown       print it as Markdown, for a comment on a pull request
      --declared       print what is compared, as JSON, and compare nothing
  -h, --help           print this

Exit codes:
   0  nothing is refused
   1  unexpected error
   2  mistake in the call, no such stack or commit, or Pulumi does not answer
   ${refusedExitCode}  a change is refused, or the stack file is not valid
 130  interrupted
`;

const options = {
  stack: { type: "string", short: "s" },
  base: { type: "string" },
  json: { type: "boolean" },
  markdown: { type: "boolean" },
  declared: { type: "boolean" },
} as const;

/** What `preview` needs from outside; tests replace it. */
export interface PreviewWorld {
  readonly root: string;
  readonly loadDeployed: typeof loadDeployed;
}

/** The command `preview`. */
export function previewCommand(world: PreviewWorld = { root: project, loadDeployed }): Command {
  return {
    name: "preview",
    summary: "say what a change would do to a stack's sessions, before it happens",
    help,
    run: (args, io) => preview(args, io, world),
  };
}

async function preview(args: readonly string[], io: CommandIo, world: PreviewWorld): Promise<number> {
  const { stack: named, base, form } = parseCall(args);
  const { given, name: stack } = stackNamed(named, world.root);
  if (!existsSync(join(world.root, `Pulumi.${stack}.yaml`))) {
    throw new UserError([{ where: `Pulumi.${stack}.yaml`, problem: "there is no such stack file", fix: "name a stack that has one" }]);
  }
  if (form === "declared") {
    io.out(`${JSON.stringify(declaredNow(world.root, stack, io))}\n`);
    return commonExitCodes.ok;
  }
  const { impact, ...compared } = await compare(world, { given, name: stack }, base, io);
  io.out(reportOf(impact, { stack, ...compared }, form));
  return impact.refused ? refusedExitCode : commonExitCodes.ok;
}

type Form = "text" | "json" | "markdown" | "declared";

function parseCall(args: readonly string[]): { readonly stack: string; readonly base: string | undefined; readonly form: Form } {
  const { stack, base, ...forms } = parseOptions(args, options);
  if (stack === undefined) throw new UsageError("option --stack is missing");
  const [form = "text", second] = (["declared", "json", "markdown"] as const).filter((name) => forms[name] === true);
  if (second !== undefined) throw new UsageError(`options --${form} and --${second} exclude each other`);
  if (form === "declared" && base !== undefined) throw new UsageError("options --declared and --base exclude each other");
  return { stack, base, form };
}

function declaredNow(root: string, stack: string, io: CommandIo): Declared {
  const { plan, ignored } = readStack(root, stack);
  warnOf(ignored, io);
  return declaredOf(plan, renderFiles(plan));
}

interface Comparison extends Omit<Compared, "stack"> {
  readonly impact: Impact;
}

const nothing = "nothing: the stack is new";

async function compare(
  { root, loadDeployed: load }: PreviewWorld,
  { given, name }: StackName,
  ref: string | undefined,
  io: CommandIo,
): Promise<Comparison> {
  const after = planned(root, name, io);
  if (ref === undefined) {
    const deployed = await load(given, io.signal);
    if (deployed === undefined) return { impact: after(undefined), comparedWith: nothing };
    return { impact: after(deployed.declared), comparedWith: "the deployed state", unfinished: deployed.unfinished };
  }
  const { commit, declared } = await loadBase(root, ref, name, io.signal);
  const base = commit.startsWith(ref) ? commit : `${ref} (${commit})`;
  return { impact: after(declared), comparedWith: declared === undefined ? nothing : `commit ${base}` };
}

/** A stack file that cannot be planned has its refusals whatever it is compared with. */
function planned(root: string, stack: string, io: CommandIo): (before: Declared | undefined) => Impact {
  try {
    const after = declaredNow(root, stack, io);
    return (before) => impactOf(before, after);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const impact = refusedImpact(error);
    return () => impact;
  }
}

function reportOf(impact: Impact, compared: Compared, form: Exclude<Form, "declared">): string {
  if (form === "json") return `${impactJson(impact, compared)}\n`;
  if (form === "markdown") return impactMarkdown(impact, compared);
  return `${comparedText(compared)}${impactText(impact)}`;
}
