import { Command } from "@commander-js/extra-typings";

import { databaseRows, userRows } from "../inventory/inventory.ts";
import { findLeader } from "../check/observe/leader.ts";
import { readDatabases, readUsers } from "../inventory/read.ts";
import type { Source } from "../inventory/read.ts";
import { databasesText, usersText } from "../inventory/text.ts";
import type { Subcommand } from "./command.ts";
import { commonExitCodes } from "./command.ts";
import type { LoadWorld } from "./load-check.ts";
import { loadCheck, loadWorld } from "./load-check.ts";
import { bundleOption, exitCodesHelp, stackOption } from "./options.ts";

const codesHelp = exitCodesHelp({
  [commonExitCodes.ok]: "listed",
  [commonExitCodes.usage]: "mistake in the call, or the stack is not deployed, or no node takes writes, or <dir> is no bundle",
});

/** What the two commands need from outside; tests replace it. */
export interface InventoryWorld extends LoadWorld {
  readonly readDatabases: typeof readDatabases;
  readonly readUsers: typeof readUsers;
  readonly findLeader: typeof findLeader;
}

const realWorld: InventoryWorld = { ...loadWorld, readDatabases, readUsers, findLeader };

/** The command `databases`. */
export function databasesCommand(world: InventoryWorld = realWorld): Subcommand {
  return inventoryCommand(
    "databases",
    "owner, size, connections and schemas",
    async (source) => {
      const rows = databaseRows(source.target, await world.readDatabases(source));
      return { rows, text: databasesText(rows) };
    },
    world,
  );
}

/** The command `users`. */
export function usersCommand(world: InventoryWorld = realWorld): Subcommand {
  return inventoryCommand(
    "users",
    "access, what they own, connections now and their limit",
    async (source) => {
      const rows = userRows(source.target, await world.readUsers(source));
      return { rows, text: usersText(rows) };
    },
    world,
  );
}

function inventoryCommand(
  name: string,
  what: string,
  read: (source: Source) => Promise<{ readonly rows: readonly unknown[]; readonly text: string }>,
  world: InventoryWorld,
): Subcommand {
  return (io, finish) =>
    new Command(name)
      .summary(`list ${name}: declared ones, and those that exist without being declared`)
      .description(
        `Lists the ${name} of a deployed cluster: ${what}. Declared ones come first; those created by hand have NO under ` +
          '"declared" and are never changed by a deployment.',
      )
      .addOption(stackOption)
      .addOption(bundleOption)
      .option("--json", "print the list as JSON")
      .addHelpText("after", codesHelp)
      .action(async ({ json = false, ...named }) => {
        const { target, secrets } = await loadCheck(named, io.signal, world);
        const leader = await world.findLeader(target, secrets, io.signal);
        const { rows, text } = await read({ target, secrets, leader });
        io.out(json ? `${JSON.stringify({ [name]: rows }, undefined, 2)}\n` : text);
        return finish(commonExitCodes.ok);
      });
}
