import { existsSync } from "node:fs";
import { join } from "node:path";

import { Command, Option } from "@commander-js/extra-typings";

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
import type { CommandIo, Subcommand } from "./command.ts";
import { commonExitCodes, warnOf } from "./command.ts";
import { exitCodesHelp } from "./options.ts";
import { project, readStack, stackNamed } from "./stack-plan.ts";
import { loadDeployed } from "./stack-state.ts";

/** Exit code when a change is refused. */
export const refusedExitCode = 3;

const codesHelp = exitCodesHelp({
  [commonExitCodes.ok]: "nothing is refused",
  [commonExitCodes.usage]: "mistake in the call, no such stack or commit, or Pulumi does not answer",
  [refusedExitCode]: "a change is refused, or the stack file is not valid",
});

/** What `preview` needs from outside; tests replace it. */
export interface PreviewWorld {
  readonly root: string;
  readonly loadDeployed: typeof loadDeployed;
  readonly loadBase: typeof loadBase;
}

/** The command `preview`. */
export function previewCommand(world: PreviewWorld = { root: project, loadDeployed, loadBase }): Subcommand {
  return (io, finish) =>
    new Command("preview")
      .summary("show what a change does to a stack's sessions, before it happens")
      .description(
        "Shows what the stack file and the code in this folder would do to a stack, before anything happens: for each change how it takes " +
          "effect, which nodes it affects in which order, and how long clients wait.",
      )
      .requiredOption("-s, --stack <name>", "the stack, by the name of its file")
      .option(
        "--base <ref>",
        "compare with what this commit declares, instead of with the deployed state: needs git, but neither an engine nor a login",
      )
      .option("--json", "print it as JSON (docs/impact.md)")
      .addOption(new Option("--markdown", "print it as Markdown, for a comment on a pull request").conflicts("json"))
      .addOption(new Option("--declared", "print what is compared, as JSON, and compare nothing").conflicts(["json", "markdown", "base"]))
      .addHelpText("after", codesHelp)
      .action((given) => finish(preview(given, io, world)));
}

interface PreviewOptions {
  readonly stack: string;
  readonly base?: string | undefined;
  readonly json?: boolean | undefined;
  readonly markdown?: boolean | undefined;
  readonly declared?: boolean | undefined;
}

async function preview({ stack: named, base, ...forms }: PreviewOptions, io: CommandIo, world: PreviewWorld): Promise<number> {
  const { given, name: stack } = stackNamed(named, world.root);
  if (!existsSync(join(world.root, `Pulumi.${stack}.yaml`))) {
    throw new UserError([{ where: `Pulumi.${stack}.yaml`, problem: "there is no such stack file", fix: "name a stack that has one" }]);
  }
  if (forms.declared === true) {
    io.out(`${JSON.stringify(declaredNow(world.root, stack, io))}\n`);
    return commonExitCodes.ok;
  }
  const { impact, ...compared } = await compare(world, { given, name: stack }, base, io);
  io.out(reportOf(impact, { stack, ...compared }, forms));
  return impact.refused ? refusedExitCode : commonExitCodes.ok;
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
  { root, ...load }: PreviewWorld,
  { given, name }: StackName,
  ref: string | undefined,
  io: CommandIo,
): Promise<Comparison> {
  const after = planned(root, name, io);
  if (ref === undefined) {
    const deployed = await load.loadDeployed(given, io.signal);
    if (deployed === undefined) return { impact: after(undefined), comparedWith: nothing };
    return { impact: after(deployed.declared), comparedWith: "the deployed state", unfinished: deployed.unfinished };
  }
  const { commit, declared } = await load.loadBase(root, ref, name, io.signal);
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

function reportOf(impact: Impact, compared: Compared, { json, markdown }: Pick<PreviewOptions, "json" | "markdown">): string {
  if (json === true) return `${impactJson(impact, compared)}\n`;
  if (markdown === true) return impactMarkdown(impact, compared);
  return `${comparedText(compared)}${impactText(impact)}`;
}
