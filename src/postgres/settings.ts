import settings15 from "./settings/15.json" with { type: "json" };
import settings16 from "./settings/16.json" with { type: "json" };
import settings17 from "./settings/17.json" with { type: "json" };
import settings18 from "./settings/18.json" with { type: "json" };

/** What a server of one major version says about a setting (`pg_settings`). */
export interface SettingInfo {
  readonly type: "bool" | "integer" | "real" | "string" | "enum";
  /** Base unit of numbers: `kB`, `8kB`, `MB`, `B`, `ms`, `s`, `min`. */
  readonly unit?: string;
  readonly min?: string;
  readonly max?: string;
  readonly values?: readonly string[];
  /** What counts when no file names the setting, in the base unit; absent for empty ones. */
  readonly default?: string;
  /** When a change takes effect: `postmaster` needs a restart, `sighup` a reload. */
  readonly context: string;
}

/** What a real server said; `scripts/postgres-settings/generate.sh` writes it. */
interface SettingTable {
  /** The server's exact version. */
  readonly server: string;
  readonly settings: Readonly<Record<string, SettingInfo>>;
}

const tables: Readonly<Record<number, SettingTable>> = {
  15: settings15 as SettingTable,
  16: settings16 as SettingTable,
  17: settings17 as SettingTable,
  18: settings18 as SettingTable,
};

/** Major versions with a table. */
export const knownMajors: readonly number[] = Object.keys(tables).map(Number);

/** Settings of a major version, read from a real server; undefined for a version without a table. */
export function settingsOf(major: number): Readonly<Record<string, SettingInfo>> | undefined {
  return tables[major]?.settings;
}

/** The exact version of the server that a table was read from. */
export function tableServer(major: number): string | undefined {
  return tables[major]?.server;
}

const lowerCase = new Map<number, ReadonlyMap<string, SettingInfo>>(
  Object.entries(tables).map(([major, { settings }]) => [
    Number(major),
    new Map(Object.entries(settings).map(([name, info]) => [name.toLowerCase(), info])),
  ]),
);

/** One setting; the server spells a few names with capitals (DateStyle) and reads them in any case. */
export function findSetting(major: number, name: string): SettingInfo | undefined {
  return lowerCase.get(major)?.get(name.toLowerCase());
}

/** Bytes per memory unit and milliseconds per time unit, as PostgreSQL writes them (case matters there). */
const unitFactors: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1024,
  "8kB": 8192,
  MB: 1024 ** 2,
  GB: 1024 ** 3,
  TB: 1024 ** 4,
  us: 0.001,
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const memoryUnits = ["B", "kB", "MB", "GB", "TB"];
const timeUnits = ["us", "ms", "s", "min", "h", "d"];

/**
 * A numeric setting in its base unit: `64MB` for `work_mem` (unit kB) is 65536. A number without unit is in the base unit.
 *
 * @returns undefined when the text is not a number with a unit that fits
 */
export function toBaseUnit(info: SettingInfo, text: string): number | undefined {
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*([A-Za-z]*)$/.exec(text.trim());
  if (match === null) return undefined;
  const [, digits = "", unit = ""] = match;
  const number = Number(digits);
  if (unit === "") return number;
  const base = info.unit;
  if (base === undefined) return undefined;
  const family = [memoryUnits, timeUnits].find((units) => units.includes(base === "8kB" ? "kB" : base));
  const factor = unitFactors[unit];
  const baseFactor = unitFactors[base];
  if (family?.includes(unit) !== true || factor === undefined || baseFactor === undefined) return undefined;
  return Math.round((number * factor) / baseFactor);
}

const booleans = /^(on|off|true|false|yes|no|1|0)$/i;

/** What is wrong with a value of a known setting, as the end of the sentence "… is not allowed: use …"; undefined when nothing is. */
export function valueProblem(info: SettingInfo, value: string): string | undefined {
  switch (info.type) {
    case "bool":
      return booleans.test(value) ? undefined : "on or off";
    case "enum":
      return enumProblem(info, value);
    case "integer":
    case "real":
      return numberProblem(info, value);
    case "string":
      return undefined;
  }
}

function enumProblem(info: SettingInfo, value: string): string | undefined {
  const allowed = info.values ?? [];
  // PostgreSQL takes on/off spellings for enums that have them.
  if (allowed.includes(value.toLowerCase()) || (allowed.includes("on") && booleans.test(value))) return undefined;
  return `one of ${allowed.join(", ")}`;
}

function numberProblem(info: SettingInfo, value: string): string | undefined {
  const number = toBaseUnit(info, value);
  if (number === undefined) return `a number${info.unit === undefined ? "" : ` with a unit such as ${unitExamples(info.unit)}`}`;
  if (number < Number(info.min) || number > Number(info.max)) {
    return `a value between ${info.min} and ${info.max}${info.unit === undefined ? "" : ` (in ${info.unit})`}`;
  }
  return undefined;
}

function unitExamples(unit: string): string {
  return (timeUnits.includes(unit) ? timeUnits : memoryUnits.slice(1)).join(", ");
}
