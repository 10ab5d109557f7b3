import { resolve } from "node:path";

import { Command } from "@commander-js/extra-typings";

import { checkFolder, writeBundle } from "../bundle/folder.ts";
import { generateSecrets, readSecrets, withServices, withUsers } from "../bundle/secrets.ts";
import { renderBundle } from "../render/compose/bundle.ts";
import type { CommandIo, Subcommand } from "./command.ts";
import { commonExitCodes, warnOf } from "./command.ts";
import { exitCodesHelp } from "./options.ts";
import { project, readStack, stackNamed } from "./stack-plan.ts";

const codesHelp = exitCodesHelp(
  { [commonExitCodes.ok]: "written", [commonExitCodes.usage]: "mistake in the call, in the stack file or in <dir>" },
  "Passwords are generated once and kept in <dir>/secrets/passwords.json. Rendering again changes only what differs, and removes only " +
    "what an earlier rendering wrote.",
);

/** The command `render`. */
export function renderCommand(root: string = project): Subcommand {
  return (io, finish) =>
    new Command("render")
      .summary("write a stack as a Compose bundle that runs without Pulumi")
      .description(
        "Writes the stack as a Compose bundle: a folder that starts the same cluster with `docker compose up -d --wait`, without Pulumi. " +
          "Reads the stack's file and needs neither an engine nor a login.",
      )
      .requiredOption("-s, --stack <name>", "the stack, by the name of its file")
      .requiredOption("-o, --out <dir>", "where to; empty, missing, or an earlier bundle of this stack")
      .addHelpText("after", codesHelp)
      .action((given) => finish(render(given, io, root)));
}

function render({ stack: named, out }: { readonly stack: string; readonly out: string }, io: CommandIo, root: string): number {
  const folder = resolve(out);
  const stack = stackNamed(named, root).name;
  const { plan, given, ignored } = readStack(root, stack);
  warnOf(ignored, io);
  const files = renderBundle(plan, root);
  checkFolder(folder, stack);
  const secrets = withServices(
    withUsers(
      readSecrets(folder) ?? generateSecrets(),
      plan.users.map((user) => user.name),
    ),
    { folder, given, generated: plan.monitoring?.grafana === undefined ? [] : ["grafana"] },
  );
  writeBundle(
    folder,
    stack,
    files.map((file) => ({
      path: file.path,
      content: file.kind === "plain" ? file.content : file.render(secrets),
      secret: file.kind === "secret",
    })),
  );
  io.out(`${stack}: ${files.length} files in ${out}\nstart it there: docker compose up -d --wait\n`);
  return commonExitCodes.ok;
}
