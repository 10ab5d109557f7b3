/** The program of the bundle's service `setup`; see `run.ts`. It ends with 0 when the cluster is proven, else with 1. */
import { paths } from "../../layout.ts";
import { addMissing } from "../node-20.ts";
import { clusterWorld } from "./cluster.ts";
import { failureLines } from "./failure.ts";
import { readSetup } from "./read.ts";
import { setUp } from "./run.ts";

const say = (line: string): void => void process.stderr.write(`pgstack: ${line}\n`);

// The first process of a container has no default for signals. What it does can be ended anywhere, and is done by the next run.
for (const [signal, code] of [
  ["SIGTERM", 143],
  ["SIGINT", 130],
] as const)
  process.on(signal, () => process.exit(code));

addMissing();

async function main(): Promise<number> {
  try {
    const { spec, secrets } = readSetup(paths.config);
    await setUp(clusterWorld(spec, secrets, say), spec);
    return 0;
  } catch (error) {
    for (const line of failureLines(error)) say(line);
    return 1;
  }
}

void main().then((code) => process.exit(code));
