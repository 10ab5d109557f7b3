// Writes what read.sh printed (standard input) as a table with one setting per line (standard output).
import { readFileSync } from "node:fs";

import type { SettingInfo } from "../../src/postgres/settings.ts";

/**
 * Values that a server has only when it was built with a library. A table stands for every build of its version, so they are
 * in it whatever this server was built with; the server itself refuses one that it has not.
 */
const buildValues: Readonly<Record<string, readonly string[]>> = {
  wal_compression: ["lz4", "zstd"],
  default_toast_compression: ["lz4"],
  io_method: ["io_uring"],
};

const { server, settings } = JSON.parse(readFileSync(0, "utf8")) as {
  readonly server: string;
  readonly settings: Readonly<Record<string, SettingInfo>>;
};

function lineOf(name: string, { type, unit, min, max, values, default: otherwise, context }: SettingInfo): string {
  const more = values === undefined ? [] : (buildValues[name] ?? []).filter((value) => !values.includes(value));
  const info = { type, unit, min, max, values: values && [...values, ...more], default: otherwise, context };
  return `    ${JSON.stringify(name)}: ${JSON.stringify(info)}`;
}

const lines = Object.entries(settings)
  .toSorted(([a], [b]) => (a < b ? -1 : 1))
  .map(([name, info]) => lineOf(name, info));
process.stdout.write(`{\n  "server": ${JSON.stringify(server)},\n  "settings": {\n${lines.join(",\n")}\n  }\n}\n`);
