import { request } from "node:http";
import { json } from "node:stream/consumers";

import { orAborted } from "../deadline.ts";
import { UserError } from "../errors.ts";

/** How long an engine may take to list what it has. */
const answerMs = 10_000;
/** Longer than a local engine ever needs. A preview touches nothing, so no order depends on the answer. */
const previewMs = 1000;

/** What is on an engine before a deployment. */
export interface OnEngine {
  /** Container → whether it runs; a paused one does. */
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
  readonly RepoTags?: readonly string[] | null | undefined;
}

/**
 * What is on the engine before a deployment. The order of a rollout follows from it, so in `up` an engine that cannot be asked
 * is an error; a preview continues without, and warns.
 *
 * @throws UserError in `up`, when the engine cannot be reached, is slow, or answers with an error
 */
export async function engineBefore(host: string, isPreview: boolean, warn: (text: string) => unknown): Promise<OnEngine | undefined> {
  try {
    return await askEngine(host, isPreview && isLocal(host) ? previewMs : answerMs);
  } catch (error) {
    const problem = `the Docker engine at ${host} cannot be asked which containers and images it has: ${(error as Error).message}`;
    if (isPreview) {
      await warn(`${problem}. This preview continues as if all of them existed`);
      return undefined;
    }
    throw new UserError([
      {
        where: "pgstack:dockerHost",
        problem: `${problem}. The order in which nodes are replaced depends on it, so nothing was changed`,
        fix: "start the engine (`make setup` does on Debian), or set dockerHost to one that runs",
      },
    ]);
  }
}

const isLocal = (host: string): boolean => host.startsWith("unix://");

/** @throws when it cannot be reached, answers with an error, or takes longer than `timeoutMs` */
export async function askEngine(host: string, timeoutMs: number): Promise<OnEngine> {
  const limit = AbortSignal.timeout(timeoutMs);
  try {
    const [containers, images] = await orAborted(
      isLocal(host) ? askLocal(host.slice("unix://".length), limit) : askRemote(host, limit),
      limit,
    );
    return {
      containers: new Map(
        containers.flatMap(({ Names, State }) =>
          Names.map((name) => [name.replace(/^\//, ""), State === "running" || State === "paused"] as const),
        ),
      ),
      images: new Set(images.flatMap(({ RepoTags }) => RepoTags ?? [])),
    };
  } catch (error) {
    throw limit.aborted ? new Error(`no answer within ${timeoutMs / 1000} s`, { cause: error }) : error;
  }
}

type Lists = readonly [readonly ListedContainer[], readonly ListedImage[]];

/**
 * Plain HTTP on its socket (a few milliseconds): the program asks on every run, and loading the whole client for it would cost
 * more than everything else that it does.
 */
function askLocal(socket: string, signal: AbortSignal): Promise<Lists> {
  return Promise.all([
    ask<readonly ListedContainer[]>(socket, "/containers/json?all=true", signal),
    ask<readonly ListedImage[]>(socket, "/images/json", signal),
  ]);
}

async function askRemote(host: string, abortSignal: AbortSignal): Promise<Lists> {
  const { connectEngine } = await import("./connect.ts");
  const engine = await connectEngine(host);
  return Promise.all([engine.listContainers({ all: true, abortSignal }), engine.listImages({ abortSignal })]);
}

function ask<T>(socketPath: string, path: string, signal: AbortSignal): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const call = request({ socketPath, path, headers: { Host: "docker" }, signal }, (answer) => {
    if (answer.statusCode !== 200) {
      answer.resume();
      reject(new Error(`it answered with status ${answer.statusCode}`));
      return;
    }
    // The engine's own schema.
    json(answer).then((value) => resolve(value as T), reject);
  });
  call.on("error", reject).end();
  return promise;
}
