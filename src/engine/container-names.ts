import { request } from "node:http";
import { json } from "node:stream/consumers";

/** Longer than a local engine ever needs; a preview must not wait for one that hangs. */
const timeoutMs = 1000;

/**
 * Names of all containers on a local engine. Plain HTTP on its socket (a few milliseconds): the program asks on every run,
 * and loading the whole client for it would cost more than everything else that it does.
 *
 * @returns undefined when the engine is elsewhere or does not answer
 */
export async function containerNames(host: string): Promise<ReadonlySet<string> | undefined> {
  if (!host.startsWith("unix://")) return undefined;
  try {
    const containers = await ask(host.slice("unix://".length), "/containers/json?all=true");
    return new Set(containers.flatMap(({ Names }) => Names.map((name) => name.replace(/^\//, ""))));
  } catch {
    return undefined;
  }
}

function ask(socketPath: string, path: string): Promise<readonly { readonly Names: readonly string[] }[]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly { readonly Names: readonly string[] }[]>();
  const call = request({ socketPath, path, headers: { Host: "docker" }, signal: AbortSignal.timeout(timeoutMs) }, (answer) => {
    if (answer.statusCode !== 200) {
      answer.resume();
      reject(new Error(`the engine answered ${answer.statusCode}`));
      return;
    }
    // The engine's own schema: a list of containers with their names.
    resolve(json(answer) as Promise<readonly { readonly Names: readonly string[] }[]>);
  });
  call.on("error", reject).end();
  return promise;
}
