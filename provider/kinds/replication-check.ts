import { z } from "zod";

import { reportText } from "../../src/check/report.ts";
import { probe, runCheck } from "../../src/check/run.ts";
import type { CheckSecrets, CheckTarget } from "../../src/check/target.ts";
import { UserError } from "../../src/errors.ts";
import { parseInputs } from "../inputs.ts";
import type { Kind } from "../kind.ts";

const inputs = z.object({
  target: z.custom<CheckTarget>((value) => typeof value === "object" && value !== null),
  secrets: z.custom<CheckSecrets>((value) => typeof value === "object" && value !== null),
  /** Whatever, when it changes, calls for a new check: container ids and the like. */
  triggers: z.array(z.string()),
});

/**
 * Gate: the check after a deployment. It fails the deployment when the cluster is not what was declared, and is asked again
 * by the next one. In a preview a quick probe shows a broken cluster as a change although no input changed.
 */
export const replicationCheck: Kind = {
  needsWork: async (context, _olds, news) => {
    const { target, secrets } = parseInputs(inputs, news);
    const seen = await probe(target, secrets, { signal: context.signal });
    if (seen.state !== "broken") return false;
    context.log(
      "warning",
      `the cluster is not what was declared:\n${seen.findings.map(({ code, node, observed }) => `  ${code}${node === undefined ? "" : ` ${node}`}: ${observed}`).join("\n")}`,
    );
    return true;
  },

  apply: async (context, properties) => {
    const { target, secrets } = parseInputs(inputs, properties);
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
          fix: "mend what is named above, then run the deployment again: it checks again",
        },
      ]);
    }
    for (const finding of report.findings)
      context.log(
        "warning",
        `${finding.code}${finding.node === undefined ? "" : ` ${finding.node}`}: ${finding.observed}. ${finding.action}`,
      );
    return { report };
  },
};
