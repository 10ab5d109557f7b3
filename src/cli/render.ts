import { resolve } from "node:path";

import { checkFolder, writeBundle } from "../bundle/folder.ts";
import { generateSecrets, readSecrets, withServices, withUsers } from "../bundle/secrets.ts";
import { renderBundle } from "../render/compose/bundle.ts";
import type { Command, CommandIo } from "./command.ts";
import { commonExitCodes, UsageError, warnOf } from "./command.ts";
import { parseOptions } from "./options.ts";
import { project, readStack, stackNamed } from "./stack-plan.ts";

const help = `Usage: pgstack render --stack NAME --out DIR

Writes the stack as a Compose bundle: a folder that starts the same cluster with
\`docker compose up -d --wait\`, without Pulumi. Reads Pulumi.NAME.yaml and needs
neither an engine nor a login.

  -s, --stack NAME     the stack, by the name of its file
  -o, --out DIR        where to; empty, missing, or an earlier bundle of this stack
  -h, --help           print this

Passwords are generated once and kept in DIR/secrets/passwords.json. Rendering
again changes only what differs, and removes only what an earlier rendering
wrote.

Exit codes:
   0  written
   1  unexpected error
   2  mistake in the call, in the stack file or in DIR
`;

const options = {
  stack: { type: "string", short: "s" },
  out: { type: "string", short: "o" },
} as const;

/** The command `render`. */
export function renderCommand(root: string = project): Command {
  return {
    name: "render",
    summary: "write a stack as a Compose bundle that runs without Pulumi",
    help,
    run: (args, io) => Promise.resolve(render(args, io, root)),
  };
}

function render(args: readonly string[], io: CommandIo, root: string): number {
  const { stack: named, out } = parseOptions(args, options);
  if (named === undefined) throw new UsageError("option --stack is missing");
  if (out === undefined) throw new UsageError("option --out is missing");
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
