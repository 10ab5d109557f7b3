import table from "./settings.json" with { type: "json" };

/** What PgBouncer's console says about a setting (`SHOW CONFIG`). */
export interface PoolerSettingInfo {
  readonly default: string;
  /** Whether a reload takes a new value; else only a start does. */
  readonly changeable: boolean;
}

const settings = table.settings as Readonly<Record<string, PoolerSettingInfo>>;

/** The version that the table was read from, e.g. `1.24.1`. */
export const poolerTableVersion = table.version;

export function poolerSetting(name: string): PoolerSettingInfo | undefined {
  return Object.hasOwn(settings, name) ? settings[name] : undefined;
}

/** Whether a reload takes a new value of this setting; of one that is not known, only a start surely does. */
export function isChangeable(name: string): boolean {
  return poolerSetting(name)?.changeable ?? false;
}
