/**
 * Memory and time as people write them in a stack file: PostgreSQL's units, and the short ones of Docker.
 * Parsed once into numbers; every function names its unit.
 */

/** kB per unit. Steps are 1024, as in PostgreSQL and Docker. */
const KB_PER_UNIT: Readonly<Record<string, number>> = {
  kB: 1,
  k: 1,
  MB: 1024,
  m: 1024,
  GB: 1024 ** 2,
  g: 1024 ** 2,
  TB: 1024 ** 3,
};

/** Seconds per unit. */
const SECONDS_PER_UNIT: Readonly<Record<string, number>> = {
  ms: 0.001,
  s: 1,
  m: 60,
  min: 60,
  h: 3600,
  d: 86_400,
};

/**
 * Memory in MB (1 MB = 1024 kB) from `512MB`, `2GB`, `1TB`, `2048kB`, `512m` or `2g`.
 *
 * @throws Error when the text is anything else: no unit (bytes for Docker, blocks or MB for PostgreSQL), another unit
 * or case (`2gb`, `2GiB`), a fraction, a size that is not a whole number of MB.
 */
export function parseMemoryMb(text: string): number {
  const allowed = "write a whole number and kB, MB, GB or TB (or Docker's k, m, g), such as 512MB or 2GB";
  const kb = parseQuantity(text, KB_PER_UNIT, "a size", allowed);
  if (kb % 1024 !== 0) {
    throw new Error(`"${text}" is not a whole number of MB; ${allowed}`);
  }
  return kb / 1024;
}

/** Memory as PGTune prints it: `2GB` if it is whole GB, else `1536MB` if whole MB, else `9709kB`. */
export function formatMemory(kb: number): string {
  if (!Number.isSafeInteger(kb) || kb < 0) {
    throw new Error(`memory must be a whole number of kB, got ${kb}`);
  }
  if (kb === 0) return "0";
  if (kb % 1024 ** 2 === 0) return `${kb / 1024 ** 2}GB`;
  return kb % 1024 === 0 ? `${kb / 1024}MB` : `${kb}kB`;
}

/**
 * Seconds from `500ms`, `30s`, `2min` (or Docker's `2m`), `1h` or `7d`. Only `ms` gives fractions.
 *
 * @throws Error when the text is anything else: no unit, another unit or case, a fraction, several parts (`1m30s`).
 */
export function parseDurationS(text: string): number {
  const allowed = "write a whole number and ms, s, min, h or d, such as 30s, 2min or 1h";
  return parseQuantity(text, SECONDS_PER_UNIT, "a time", allowed);
}

function parseQuantity(text: string, units: Readonly<Record<string, number>>, what: string, allowed: string): number {
  const [, digits, unit = ""] = /^(\d{1,12}) ?([A-Za-z]+)$/.exec(text) ?? [];
  const perUnit = Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (digits === undefined || perUnit === undefined) {
    throw new Error(`"${text}" is not ${what}; ${allowed}`);
  }
  // Dividing keeps 500ms exact: 500 / 1000, not 500 * 0.001.
  const quantity = perUnit < 1 ? Number(digits) / Math.round(1 / perUnit) : Number(digits) * perUnit;
  if (quantity > Number.MAX_SAFE_INTEGER) throw new Error(`"${text}" is too large; ${allowed}`);
  return quantity;
}
