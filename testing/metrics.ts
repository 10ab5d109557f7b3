/** One line of Prometheus' text format. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What an exporter says at one moment. */
export class Scrape {
  readonly samples: readonly Sample[];
  /** How long it took, in milliseconds. */
  readonly ms: number;

  private constructor(samples: readonly Sample[], ms: number) {
    this.samples = samples;
    this.ms = ms;
  }

  static async of(port: number): Promise<Scrape> {
    const began = performance.now();
    const response = await fetch(`http://127.0.0.1:${port}/metrics`, { signal: AbortSignal.timeout(15_000) });
    if (!response.ok) throw new Error(`HTTP status ${response.status}`);
    const text = await response.text();
    return new Scrape(parseMetrics(text), performance.now() - began);
  }

  all(name: string): readonly Sample[] {
    return this.samples.filter((sample) => sample.name === name);
  }

  /** The one value of a metric with these labels and any others; undefined when there is none. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const found = this.all(name).filter((sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value));
    if (found.length > 1) throw new Error(`${name} has ${found.length} series with ${JSON.stringify(labels)}`);
    return found[0]?.value;
  }
}

export function parseMetrics(text: string): readonly Sample[] {
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const [, name = "", labels = "", value = ""] = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      if (name === "") throw new Error(`no metric: ${line}`);
      const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = "", of = ""]) => [key, of] as const);
      return { name, labels: Object.fromEntries(pairs), value: Number(value) };
    });
}
