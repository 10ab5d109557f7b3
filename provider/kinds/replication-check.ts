import { replicationCheckInputs } from "../../resources/replication-check.ts";
import { reportText } from "../../src/check/report.ts";
import { probe, runCheck } from "../../src/check/run.ts";
import type { CheckTarget } from "../../src/target/target.ts";
import { connectEngine, greetEngine } from "../../src/engine/connect.ts";
import { UserError } from "../../src/errors.ts";
import { parseInputs } from "../inputs.ts";
import type { Kind } from "../kind.ts";

/**
 * Gate: the check after a deployment. It fails the deployment when the cluster is not what was declared, and runs again in
 * the next one. In a preview a quick probe shows a broken cluster as a change although no input changed.
 */
export const replicationCheck: Kind = {
  needsWork: async (context, _olds, news) => {
    const { host, target, secrets } = parseInputs(replicationCheckInputs, news);
    const seen = await probe(target, secrets, { signal: context.signal });
    if (seen.state === "healthy") return false;
    if (seen.state === "unreachable") {
      const isOff = await hasContainers(host, target);
      context.log("warning", `nothing of the cluster answers at ${target.accessHost}: ${isOff ? offHint : absentHint}`);
      return isOff;
    }
    context.log(
      "warning",
      `the cluster is not what was declared:\n${seen.findings.map(({ code, node, observed }) => `  ${code}${node === undefined ? "" : ` ${node}`}: ${observed}`).join("\n")}`,
    );
    return true;
  },

  apply: async (context, properties) => {
    const { target, secrets } = parseInputs(replicationCheckInputs, properties);
    const report = await runCheck(target, secrets, {
      timeoutMs: target.timeoutMs,
      signal: context.signal,
      onProgress: (message) => context.status(message),
    });
    if (!report.ok) {
      throw new UserError([
        {
          where: `stack ${target.stack}`,
          problem: `the cluster is not what was declared\n${reportText(report)}`,
          fix: "fix what is named above, then deploy again: it checks again",
        },
      ]);
    }
    for (const finding of report.findings)
      context.log(
        "warning",
        `${finding.code}${finding.node === undefined ? "" : ` ${finding.node}`}: ${finding.observed}. ${finding.action}`,
      );
    // So that a reader of the stack's output knows how old it is.
    return { report: { ...report, at: new Date().toISOString() } };
  },
};

const offHint = "its containers are on the engine but do not serve. `pulumi up --refresh` starts what is down";
const absentHint =
  "the engine is off or has none of its containers, so nothing was checked. Is this the machine that the stack runs on? Then start the engine and run `pulumi up --refresh`";

/**
 * Whether the engine has any container of the cluster: if so, the cluster that does not answer is on this engine. A preview on
 * another machine finds none.
 */
async function hasContainers(host: string, { nodes, processes, listenerContainer }: CheckTarget): Promise<boolean> {
  const names = new Set([...[...nodes, ...processes].map(({ container }) => `/${container}`), `/${listenerContainer}`]);
  try {
    const engine = await connectEngine(host);
    await greetEngine(engine);
    return (await engine.listContainers({ all: true })).some(({ Names }) => Names.some((name) => names.has(name)));
  } catch {
    return false;
  }
}
