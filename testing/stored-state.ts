import { PlannedCluster } from "../components/planned-cluster.ts";
import { clusterName } from "../src/plan/names.ts";
import type { ClusterPlan } from "../src/plan/types.ts";
import { renderFiles } from "../src/render/files.ts";
import { Recorder, reveal } from "./pulumi.ts";
import { root } from "./stacks.ts";

const own = "pgstack:index:";

/** `<kind> <name>` → inputs in clear, of every resource of pgstack's own kinds that a program registers for a plan. */
export async function storedInputs(plan: ClusterPlan): Promise<ReadonlyMap<string, Readonly<Record<string, unknown>>>> {
  const recorder = await Recorder.start(plan.stack);
  await recorder.run(() => new PlannedCluster(clusterName, { plan, files: renderFiles(plan), root, bundleFolder: `build/${plan.stack}` }));
  return new Map(
    recorder.registrations
      .filter(({ type }) => type.startsWith(own))
      .map(({ type, name, inputs }) => {
        const { report: _output, ...given } = reveal(inputs) as Record<string, unknown>;
        return [`${type.slice(own.length)} ${name}`, given] as const;
      }),
  );
}

/** The kind of such a key. */
export const kindOf = (id: string): string => id.split(" ")[0] ?? "";
