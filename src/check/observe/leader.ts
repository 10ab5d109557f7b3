import { UserError } from "../../errors.ts";
import type { CheckNode, CheckSecrets, CheckTarget } from "../../target/target.ts";
import { monitoringAt } from "../../target/logins.ts";
import { failureText } from "../observation.ts";
import { withConnection } from "./connection.ts";
import { startPass } from "./context.ts";

/** How long a node may take to answer. */
const answerMs = 3000;

const whoQuery = "select current_setting('cluster_name') as name, pg_is_in_recovery() as in_recovery";

interface Answer {
  readonly node: CheckNode;
  readonly isWritable: boolean;
  readonly text: string;
}

/**
 * The node that takes writes now, asked of all nodes at once as `monitoring`.
 *
 * @throws UserError when no node takes writes, or more than one does
 */
export async function findLeader(target: CheckTarget, secrets: CheckSecrets, signal: AbortSignal): Promise<CheckNode> {
  const context = startPass(target, secrets, { budgetMs: answerMs, signal });
  const ask = async (node: CheckNode): Promise<Answer> => {
    const seen = await withConnection(context, monitoringAt(target, secrets, node), async (client) => {
      const { rows } = await client.query<{ name: string; in_recovery: boolean }>(whoQuery);
      return rows[0];
    });
    const text = (words: string): string => `${node.name} ${words}`;
    if (!seen.ok) return { node, isWritable: false, text: text(`does not answer: ${failureText(seen.failure)}`) };
    if (seen.value?.name !== node.name) return { node, isWritable: false, text: text("is another server") };
    const isWritable = !seen.value.in_recovery;
    return { node, isWritable, text: text(isWritable ? "takes writes" : "is in recovery") };
  };
  const answers = await Promise.all(target.nodes.map(ask));
  signal.throwIfAborted();
  const [leader, ...others] = answers.filter(({ isWritable }) => isWritable);
  if (leader !== undefined && others.length === 0) return leader.node;
  const problem = `${leader === undefined ? "no node takes writes" : "more than one node takes writes"}: ${answers.map(({ text }) => text).join(", ")}`;
  throw new UserError([{ where: `stack ${target.stack}`, problem, fix: "find the cause: pgstack check" }]);
}
