/** Sizes and times as people read them. */

const byteUnits = ["B", "kB", "MB", "GB", "TB"] as const;

/** Bytes in steps of 1024, such as `1.2 kB`. */
export function bytesText(bytes: number): string {
  const step = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), byteUnits.length - 1);
  const size = bytes / 1024 ** step;
  return `${Number(size.toFixed(size < 100 ? 1 : 0))} ${byteUnits[step]}`;
}

const steps = [
  { unit: "d", seconds: 86_400 },
  { unit: "h", seconds: 3600 },
  { unit: "min", seconds: 60 },
] as const;

/** A time in its two largest units: `0.4 s`, `45 s`, `12 min`, `5 h 12 min`, `3 d 4 h`. */
export function durationText(seconds: number): string {
  if (seconds < 10) return `${Math.max(0, seconds).toFixed(1)} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const first = steps.findIndex((step) => seconds >= step.seconds);
  const [large, small] = [steps[first], steps[first + 1]];
  if (large === undefined) return `${Math.floor(seconds)} s`;
  const whole = `${Math.floor(seconds / large.seconds)} ${large.unit}`;
  const rest = small === undefined ? 0 : Math.floor((seconds % large.seconds) / small.seconds);
  return small === undefined || rest === 0 ? whole : `${whole} ${rest} ${small.unit}`;
}

/** A share in whole percent; neither 0 nor 100 unless it is. */
export function percentText(part: number, whole: number): string {
  if (whole <= 0) return "-";
  const percent = (part / whole) * 100;
  if (percent > 0 && percent < 1) return "<1 %";
  return `${percent > 99 && percent < 100 ? 99 : Math.round(percent)} %`;
}

/** `1 error`, `2 errors`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
