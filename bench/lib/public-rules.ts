import publicRules from "../data/public-rules.json" with { type: "json" };

/** What a rule of a public set needs in order to fire at all. */
export interface PublicRule {
  readonly rule: string;
  readonly metrics: readonly string[];
  /** Metrics of which one at least must be there. */
  readonly patterns?: readonly string[];
  /** Label values that a series of a metric must have. */
  readonly matchers?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface PublicSet {
  readonly name: string;
  readonly repository: string;
  readonly path: string;
  readonly commit: string;
  readonly rules: readonly PublicRule[];
}

// JSON gives each rule a type of its own; they all are public rules.
export const publicSets = publicRules.sets as unknown as readonly PublicSet[];

/** A series that is there: its metric's name and its labels. */
export interface ScrapedSeries {
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Series in Prometheus' text format. */
export function readScrape(text: string): readonly ScrapedSeries[] {
  return text.split("\n").flatMap((line): ScrapedSeries[] => {
    const [, metric, labels = ""] = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? /.exec(line) ?? [];
    if (metric === undefined) return [];
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name = "", value = ""]) => [name, value] as const);
    return [{ metric, labels: Object.fromEntries(pairs) }];
  });
}

/** Rules that can never fire on these series, each with what is missing. */
export function deadRules(rules: readonly PublicRule[], series: readonly ScrapedSeries[]): readonly { rule: string; missing: string }[] {
  const names = new Set(series.map(({ metric }) => metric));
  return rules.flatMap(({ rule, metrics, patterns = [], matchers = {} }) => {
    const missing = [
      ...metrics.filter((metric) => !names.has(metric)),
      ...patterns.filter((pattern) => ![...names].some((name) => new RegExp(`^(?:${pattern})$`).test(name))),
      ...Object.entries(matchers)
        .filter(([metric, labels]) => names.has(metric) && !series.some((one) => one.metric === metric && hasLabels(one, labels)))
        .map(([metric, labels]) => `${metric}${JSON.stringify(labels)}`),
    ];
    return missing.length === 0 ? [] : [{ rule, missing: missing.join(", ") }];
  });
}

function hasLabels({ labels }: ScrapedSeries, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([label, value]) => labels[label] === value);
}
