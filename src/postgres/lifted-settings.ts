/**
 * What stack config says about every session and what pgstack's own must not be bound by: limits that end them, a mode in which
 * they write nothing or a replica answers nothing, other meanings of what they say, libraries without which no login succeeds.
 */
export const liftedSettings = {
  default_transaction_isolation: "read committed",
  default_transaction_read_only: "off",
  default_transaction_deferrable: "off",
  statement_timeout: "0",
  lock_timeout: "0",
  idle_in_transaction_session_timeout: "0",
  idle_session_timeout: "0",
  search_path: '"$user",public',
  session_preload_libraries: "",
  local_preload_libraries: "",
  standard_conforming_strings: "on",
  datestyle: "ISO,MDY",
  intervalstyle: "postgres",
} as const;

/** From PostgreSQL 17 on; an older server refuses a session that names it. */
const newerSettings = { transaction_timeout: "0" } as const;

/** For a session of the superuser, as the value of PGOPTIONS. */
export function liftedOptions(major: number): string {
  return Object.entries({ ...liftedSettings, ...(major >= 17 ? newerSettings : {}) })
    .map(([name, value]) => `-c ${name}=${value.replaceAll(" ", String.raw`\ `)}`)
    .join(" ");
}

/** Whether a server has refused a session because it is older than one of the settings. */
export function isTooOld(message: string): boolean {
  return Object.keys(newerSettings).some((name) => message.includes(`unrecognized configuration parameter "${name}"`));
}

/**
 * SQL that gives a role's sessions the same, whichever client opens them; the role's own settings stay.
 *
 * @param except - names of settings that it has by itself
 */
export function liftedForRole(role: string, except: readonly string[]): readonly string[] {
  const pairs = Object.entries({ ...liftedSettings, ...newerSettings })
    .filter(([name]) => !except.includes(name))
    .map(([name, value]) => `('${name}', '${value}')`);
  return [
    "do $$ declare setting record; begin",
    `  for setting in select * from (values ${pairs.join(", ")}) as pairs (name, value)`,
    "    where current_setting(name, true) is not null loop",
    // Not `set … = value`, which makes one quoted word of a list, and one word of none.
    "    perform set_config(setting.name, setting.value, true);",
    `    execute format('alter role ${role} set %I from current', setting.name);`,
    "  end loop;",
    "end $$;",
  ];
}
