import type { Engine } from "../../src/engine/connect.ts";
import { execInContainer } from "../../src/engine/exec.ts";
import { runSql } from "../../src/engine/psql.ts";
import { paths } from "../../src/layout.ts";
import { makeSlot } from "./slot.ts";

/**
 * Has a running replica follow the node that leads: its slot there, then its own connection. Nothing is changed on one that does
 * so already.
 *
 * @returns whether something was changed
 * @throws SqlError when one of the two servers does not answer
 */
export async function followLeader(
  engine: Engine,
  node: { readonly name: string; readonly container: string },
  leaderContainer: string,
  leader: string,
): Promise<boolean> {
  const made = await makeSlot(engine, leaderContainer, node.name);
  const follows = await runSql(engine, node.container, "select substring(current_setting('primary_conninfo') from 'host=([^ ]+)');");
  if (follows === leader) {
    // Its receiver has given up for a while: reading its files again ends that pause.
    if (made) await runSql(engine, node.container, "select pg_reload_conf();");
    return made;
  }
  const { exitCode, stderr } = await execInContainer(engine, node.container, ["bash", `${paths.config}/node.sh`, "follow", leader], "");
  if (exitCode !== 0) throw new Error(`${node.container}: could not make it follow ${leader}: ${stderr.trim()}`);
  await runSql(engine, node.container, "select pg_reload_conf();");
  return true;
}
