/** The first value of a metric in the text format of Prometheus, whatever its labels; undefined when it is missing. */
export function metricValue(text: string, metric: string): number | undefined {
  const value = new RegExp(`^${metric}(?:\\{[^}]*\\})? +(\\S+)`, "m").exec(text)?.[1];
  return value === undefined ? undefined : Number(value);
}
