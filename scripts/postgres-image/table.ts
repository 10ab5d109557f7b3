// Writes what read.sh printed (standard input) with one package, extension or area of time zones per line (standard output).
import { readFileSync } from "node:fs";

const { packages, extensions, timezones } = JSON.parse(readFileSync(0, "utf8")) as {
  readonly packages: Readonly<Record<string, string>>;
  readonly extensions: Readonly<Record<string, readonly string[]>>;
  readonly timezones: readonly string[];
};

/** `Asia/Manila` → `Asia` and `Manila`; names without an area, such as UTC, have an empty one. */
const areaOf = (name: string): string => name.slice(0, Math.max(0, name.indexOf("/")));
const areas = Map.groupBy(timezones.toSorted(), areaOf);
const inAreas = [...areas].map(([area, names]) => [area, names.map((name) => (area === "" ? name : name.slice(area.length + 1)))] as const);

function block(entries: readonly (readonly [string, unknown])[]): string {
  const lines = entries
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `    ${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  return `{\n${lines.join(",\n")}\n  }`;
}

process.stdout.write(
  `{\n  "packages": ${block(Object.entries(packages))},\n  "extensions": ${block(Object.entries(extensions))},\n  "timezones": ${block(inAreas)}\n}\n`,
);
