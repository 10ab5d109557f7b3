import { request } from "node:http";
import { json } from "node:stream/consumers";

/** Longer than a local engine ever needs; a preview must not wait for one that hangs. */
const timeoutMs = 1000;

/** What the engine's list says of each container, as far as it matters here. */
interface Listed {
  readonly Names: readonly string[];
  readonly State: string;
}

/**
 * All containers on a local engine: name → whether it runs. Plain HTTP on its socket (a few milliseconds): the program asks
 * on every run, and loading the whole client for it would cost more than everything else that it does.
 *
 * @returns undefined when the engine is elsewhere or does not answer
 */
export async function containersOnEngine(host: string): Promise<ReadonlyMap<string, boolean> | undefined> {
  if (!host.startsWith("unix://")) return undefined;
  try {
    const containers = await ask(host.slice("unix://".length), "/containers/json?all=true");
    return new Map(containers.flatMap(({ Names, State }) => Names.map((name) => [name.replace(/^\//, ""), State === "running"] as const)));
  } catch {
    return undefined;
  }
}

function ask(socketPath: string, path: string): Promise<readonly Listed[]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly Listed[]>();
  const call = request({ socketPath, path, headers: { Host: "docker" }, signal: AbortSignal.timeout(timeoutMs) }, (answer) => {
    if (answer.statusCode !== 200) {
      answer.resume();
      reject(new Error(`the engine answered ${answer.statusCode}`));
      return;
    }
    // The engine's own schema: a list of containers with their names.
    resolve(json(answer) as Promise<readonly Listed[]>);
  });
  call.on("error", reject).end();
  return promise;
}
