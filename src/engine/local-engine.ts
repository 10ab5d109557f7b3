import { request } from "node:http";
import { json } from "node:stream/consumers";

/** Longer than a local engine ever needs; a preview must not wait for one that hangs. */
const timeoutMs = 1000;

/** What is on an engine before a deployment. */
export interface OnEngine {
  /** Container → whether it runs. */
  readonly containers: ReadonlyMap<string, boolean>;
  /** References of images, such as `pgstack/postgres:17-0a1b2c3d4e5f`. */
  readonly images: ReadonlySet<string>;
}

/** What the engine's lists say, as far as it matters here. */
interface ListedContainer {
  readonly Names: readonly string[];
  readonly State: string;
}

interface ListedImage {
  readonly RepoTags: readonly string[] | null;
}

/**
 * Looks at a local engine. Plain HTTP on its socket (a few milliseconds): the program asks on every run, and loading the whole
 * client for it would cost more than everything else that it does.
 *
 * @returns undefined when the engine is elsewhere or does not answer
 */
export async function localEngine(host: string): Promise<OnEngine | undefined> {
  if (!host.startsWith("unix://")) return undefined;
  const socket = host.slice("unix://".length);
  try {
    const [containers, images] = await Promise.all([
      ask<readonly ListedContainer[]>(socket, "/containers/json?all=true"),
      ask<readonly ListedImage[]>(socket, "/images/json"),
    ]);
    return {
      containers: new Map(
        containers.flatMap(({ Names, State }) => Names.map((name) => [name.replace(/^\//, ""), State === "running"] as const)),
      ),
      images: new Set(images.flatMap(({ RepoTags }) => RepoTags ?? [])),
    };
  } catch {
    return undefined;
  }
}

function ask<T>(socketPath: string, path: string): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const call = request({ socketPath, path, headers: { Host: "docker" }, signal: AbortSignal.timeout(timeoutMs) }, (answer) => {
    if (answer.statusCode !== 200) {
      answer.resume();
      reject(new Error(`the engine answered ${answer.statusCode}`));
      return;
    }
    // The engine's own schema.
    resolve(json(answer) as Promise<T>);
  });
  call.on("error", reject).end();
  return promise;
}
