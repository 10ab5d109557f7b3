import { databaseRows, userRows } from "../inventory/inventory.ts";
import { readDatabases, readUsers } from "../inventory/read.ts";
import { databasesText, usersText } from "../inventory/text.ts";
import type { Command } from "./command.ts";
import { commonExitCodes } from "./command.ts";
import type { LoadWorld } from "./load-check.ts";
import { loadCheck, loadWorld } from "./load-check.ts";
import { parseOptions } from "./options.ts";
import type { StackCheck } from "./stack-outputs.ts";

const options = {
  stack: { type: "string", short: "s" },
  bundle: { type: "string", short: "b" },
  json: { type: "boolean" },
} as const;

/** What the two commands need from outside; tests replace it. */
export interface InventoryWorld extends LoadWorld {
  readonly readDatabases: typeof readDatabases;
  readonly readUsers: typeof readUsers;
}

const realWorld: InventoryWorld = { ...loadWorld, readDatabases, readUsers };

/** The command `databases`. */
export function databasesCommand(world: InventoryWorld = realWorld): Command {
  return inventoryCommand(
    "databases",
    "owner, size, connections and schemas",
    async ({ target, secrets }) => {
      const rows = databaseRows(target, await world.readDatabases(target, secrets));
      return { rows, text: databasesText(rows) };
    },
    world,
  );
}

/** The command `users`. */
export function usersCommand(world: InventoryWorld = realWorld): Command {
  return inventoryCommand(
    "users",
    "access, what they own, connections now and their limit",
    async ({ target, secrets }) => {
      const rows = userRows(target, await world.readUsers(target, secrets));
      return { rows, text: usersText(rows) };
    },
    world,
  );
}

function inventoryCommand(
  name: string,
  what: string,
  read: (check: StackCheck) => Promise<{ readonly rows: readonly unknown[]; readonly text: string }>,
  world: LoadWorld,
): Command {
  return {
    name,
    summary: `list ${name}: declared ones, and what is there beside them`,
    help: helpOf(name, what),
    run: async (args, io) => {
      const { stack, bundle, json = false } = parseOptions(args, options);
      const { rows, text } = await read(await loadCheck({ stack, bundle }, io.signal, world));
      io.out(json ? `${JSON.stringify({ [name]: rows }, undefined, 2)}\n` : text);
      return commonExitCodes.ok;
    },
  };
}

function helpOf(name: string, what: string): string {
  return `Usage: pgstack ${name} --stack NAME [--json]
       pgstack ${name} --bundle DIR [--json]

Lists the ${name} of a deployed cluster: ${what}. Declared ones
come first; what somebody made by hand is marked NO under "declared" and is
never touched by a deployment.

  -s, --stack NAME     the Pulumi stack to look at
  -b, --bundle DIR     the Compose bundle to look at, by its folder
      --json           print the list as JSON
  -h, --help           print this

Exit codes:
   0  listed
   1  unexpected error
   2  mistake in the call, or the stack is not deployed, or its leader does not
      answer, or DIR is no bundle
`;
}
