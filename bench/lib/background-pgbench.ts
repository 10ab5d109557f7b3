import type { ClientContainer } from "./client-container.ts";
import type { Target } from "./pgbench.ts";
import { environment, parsePgbench } from "./pgbench.ts";

/** What a pgbench saw until it was told to end. */
export interface BackgroundResult {
  readonly transactions: number;
  /** Transactions that failed and clients that gave up. */
  readonly errors: number;
  readonly message: string | undefined;
  /** The longest transaction in milliseconds, from when it was due. */
  readonly longestMs: number;
}

/** Longest run, in seconds: a forgotten one does not last longer. */
const maxS = 600;

/** A pgbench that runs until it is told to end. */
export class BackgroundPgbench {
  readonly #client: ClientContainer;
  readonly #name: string;
  readonly #done: Promise<BackgroundResult>;

  private constructor(client: ClientContainer, name: string, done: Promise<BackgroundResult>) {
    this.#client = client;
    this.#name = name;
    this.#done = done;
  }

  /** @param name - a word that no other one in this container has */
  static start(client: ClientContainer, name: string, target: Target, options: string): BackgroundPgbench {
    const log = `/tmp/${name}`;
    const script = `${environment(target)}
      rm -f ${log}.*
      pgbench --no-vacuum --time=${maxS} --log --log-prefix=${log}.log ${options} &
      echo $! >${log}.pid
      wait $!
      cat ${log}.log.* | awk '$3 > longest { longest = $3 } END { print "longest = " longest + 0 " us" }'`;
    const done = client.shell(script, (maxS + 60) * 1000).then(({ output }) => parseBackground(output));
    // The caller that stops it is told.
    done.catch(() => undefined);
    return new BackgroundPgbench(client, name, done);
  }

  async stop(): Promise<BackgroundResult> {
    // As if its time were over: it ends the transactions that run and counts.
    await this.#client.shell(`kill -ALRM "$(cat /tmp/${this.#name}.pid)" 2>/dev/null`, 30_000);
    return this.#done;
  }
}

/** What pgbench and the look at its log have printed. */
export function parseBackground(output: string): BackgroundResult {
  const numberAfter = (text: RegExp): number => Number(text.exec(output)?.[1] ?? 0);
  return {
    transactions: numberAfter(/^number of transactions actually processed: (\d+)/m),
    longestMs: numberAfter(/^longest = (\d+) us/m) / 1000,
    ...resultOf(output),
  };
}

/** One that ended without a result has lost a client at least. */
function resultOf(output: string): Pick<BackgroundResult, "errors" | "message"> {
  const result = parsePgbench(output);
  if (result !== undefined) return { errors: result.errors, message: result.message };
  const message = /^pgbench: error: (.*)$/m.exec(output)?.[1];
  if (message === undefined) throw new Error(`pgbench gave no result:\n${output.slice(-2000)}`);
  return { errors: Math.max(1, output.match(/client \d+ (?:script \d+ )?aborted/g)?.length ?? 0), message };
}
