import { poll } from "../src/deadline.ts";
import { fetchText } from "../src/http.ts";

/** One series of an answer. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** An alert that Prometheus knows of; it is pending until its `for` is over. */
export interface ActiveAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: "pending" | "firing";
  readonly activeAt: string;
}

const requestTimeoutMs = 10_000;

/** Asks a running Prometheus by its HTTP API. */
export class Prometheus {
  readonly #address: { readonly host: string; readonly port: number };

  constructor(port: number, host = "127.0.0.1") {
    this.#address = { host, port };
  }

  /** An instant query; a scalar is one sample without labels. */
  async query(expr: string): Promise<readonly Sample[]> {
    const { resultType, result } = await this.#get<{
      readonly resultType: "vector" | "scalar" | "matrix" | "string";
      readonly result: readonly { readonly metric: Record<string, string>; readonly value: [number, string] }[] | [number, string];
    }>(`/api/v1/query?query=${encodeURIComponent(expr)}`);
    if (resultType === "scalar") return [{ labels: {}, value: Number(result[1]) }];
    if (resultType !== "vector") throw new Error(`a ${resultType} as the answer to ${expr}`);
    return (result as readonly { readonly metric: Record<string, string>; readonly value: [number, string] }[]).map(
      ({ metric, value }) => ({
        labels: metric,
        value: Number(value[1]),
      }),
    );
  }

  async alerts(): Promise<readonly ActiveAlert[]> {
    return (await this.#get<{ readonly alerts: readonly ActiveAlert[] }>("/api/v1/alerts")).alerts;
  }

  /** Names of all metrics that were seen in the last minutes. */
  async metricNames(): Promise<ReadonlySet<string>> {
    return new Set(await this.#get<readonly string[]>("/api/v1/label/__name__/values"));
  }

  /** Every alerting rule as it was loaded. */
  async rules(): Promise<
    readonly { readonly name: string; readonly query: string; readonly health: string; readonly lastError?: string }[]
  > {
    const { groups } = await this.#get<{
      readonly groups: readonly {
        readonly rules: readonly { readonly name: string; readonly query: string; readonly health: string; readonly lastError?: string }[];
      }[];
    }>("/api/v1/rules");
    return groups.flatMap(({ rules }) => rules);
  }

  /** Waits until every target was read twice, so that rates and alerts have something to stand on. */
  async settled(timeoutMs: number): Promise<void> {
    const done = await poll(
      async () => {
        const scrapes = await this.query('min(count_over_time(up[10m])) >= 2 and min(up) == 1 and count(up{job="pooler"}) >= 2');
        return scrapes.length > 0 ? true : undefined;
      },
      { everyMs: 500, timeoutMs },
    );
    if (done === undefined) throw new Error("not every target was read twice in time");
  }

  async #get<T>(path: string): Promise<T> {
    const text = await fetchText(this.#address, path, { signal: AbortSignal.timeout(requestTimeoutMs) });
    const { status, data, error } = JSON.parse(text) as { readonly status: string; readonly data: T; readonly error?: string };
    if (status !== "success") throw new Error(error ?? status);
    return data;
  }
}
