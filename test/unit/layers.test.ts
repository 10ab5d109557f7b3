import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

import { describe, expect, it } from "vitest";

/** Modules behind each word of the table's last column. What no word names is pure: anybody may use it. */
const outside: Readonly<Record<string, RegExp>> = {
  files: /^node:(fs|os)\b/,
  network: /^(node:(net|tls|http|https)|pg|dockerode|@grpc\/grpc-js)$/,
  processes: /^(node:child_process|esbuild)$/,
  Pulumi: /^@pulumi\//,
};

interface Layer {
  /** Folders with a slash at the end, single files, or `src/*.ts`. */
  readonly places: readonly string[];
  readonly doors: readonly string[];
}

interface Import {
  readonly from: string;
  /** A path of the repository, or a package. */
  readonly to: string;
}

/** The rows of the table of layers, the lowest first. */
function readLayers(page: string): readonly Layer[] {
  const section = page.split("## Layers")[1]?.split("\n## ")[0] ?? "";
  return [...section.matchAll(/^\| (`[^|]+?) *\| [^|]+\| ([^|]+?) *\|$/gm)].map(([, places = "", doors = ""]) => ({
    places: [...places.matchAll(/`([^`]+)`/g)].map(([, place = ""]) => place),
    doors: doors === "–" ? [] : doors.split(", "),
  }));
}

function holds(place: string, file: string): boolean {
  if (place.endsWith("/")) return file.startsWith(place);
  return place === "src/*.ts" ? dirname(file) === "src" : file === place;
}

/** Position of a file's layer and its place there; undefined when no row names it. */
function placeOf(layers: readonly Layer[], file: string): { readonly rank: number; readonly place: string } | undefined {
  for (const [rank, { places }] of layers.entries()) {
    const place = places.find((candidate) => holds(candidate, file));
    if (place !== undefined) return { rank, place };
  }
  return undefined;
}

/** One line for each import that goes up, sideways, or out by a door that its layer does not have. */
function violations(layers: readonly Layer[], imports: readonly Import[]): readonly string[] {
  return imports.flatMap(({ from, to }) => {
    const own = placeOf(layers, from);
    if (own === undefined) return [`${from} is in no layer`];
    const doors = Object.keys(outside).filter((word) => outside[word]?.test(to));
    if (doors.some((word) => !layers[own.rank]?.doors.includes(word))) return [`${from} uses ${to} (${doors.join(", ")})`];
    if (!/^(src|components|provider|index)\b/.test(to)) return [];
    const other = placeOf(layers, to);
    if (other === undefined) return [`${to} is in no layer`];
    const isBelow = other.rank < own.rank || other.place === own.place;
    return isBelow ? [] : [`${from} imports ${to}`];
  });
}

/** Circles of files, each as its members. */
function circles(imports: readonly Import[]): readonly (readonly string[])[] {
  const targets = Map.groupBy(imports, ({ from }) => from);
  const reach = (start: string): ReadonlySet<string> => {
    const seen = new Set<string>();
    const open = [start];
    for (let file = open.pop(); file !== undefined; file = open.pop())
      for (const { to } of targets.get(file) ?? [])
        if (!seen.has(to)) {
          seen.add(to);
          open.push(to);
        }
    return seen;
  };
  const reached = new Map([...targets.keys()].map((file) => [file, reach(file)]));
  const inCircle = [...reached].filter(([file, seen]) => seen.has(file)).map(([file]) => file);
  return [
    ...Map.groupBy(inCircle, (file) => inCircle.find((other) => reached.get(file)?.has(other) && reached.get(other)?.has(file))).values(),
  ];
}

/** Types included. The code is formatted: an import begins its line, and has its source in double quotes. */
function importsOf(file: string, text: string): readonly Import[] {
  const sources = text.matchAll(/^(?:import|export)\s(?:[^;"]*?\sfrom\s)?"([^"]+)"|\bimport\("([^"]+)"\)/gm);
  return [...sources].map(([, named, dynamic]) => {
    const source = named ?? dynamic ?? "";
    return { from: file, to: source.startsWith(".") ? normalize(join(dirname(file), source)) : source };
  });
}

const root = join(import.meta.dirname, "../..");
const files = ["src", "resources", "components", "provider"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .map((path) => join(folder, path)),
);
const imports = [...files, "index.ts"].flatMap((file) => importsOf(file, readFileSync(join(root, file), "utf8")));
const layers = readLayers(readFileSync(join(root, "docs/architecture.md"), "utf8"));

describe("the table of layers in docs/architecture.md", () => {
  it("names each folder of the code once, and no other", () => {
    const folders = readdirSync(join(root, "src"), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `src/${name}/`);
    const places = layers.flatMap((layer) => layer.places);
    expect(places.toSorted()).toEqual(["components/", "index.ts", "provider/", "resources/", "src/*.ts", ...folders].toSorted());
  });

  it("opens no door that nobody goes through", () => {
    const unused = layers.flatMap(({ places, doors }) =>
      doors
        .filter((door) => !imports.some(({ from, to }) => outside[door]?.test(to) && places.some((place) => holds(place, from))))
        .map((door) => `${places.join(", ")}: ${door}`),
    );
    expect(unused).toEqual([]);
  });
});

describe("imports", () => {
  it("are found", () => {
    expect(imports.length).toBeGreaterThan(files.length);
    expect(
      importsOf(
        "src/a/b.ts",
        'import type {\n  X,\n} from "../c.ts";\nexport { y } from "pg";\nconst z = await import("./d.ts");\nimport "./e.ts";\n',
      ),
    ).toEqual([
      { from: "src/a/b.ts", to: "src/c.ts" },
      { from: "src/a/b.ts", to: "pg" },
      { from: "src/a/b.ts", to: "src/a/d.ts" },
      { from: "src/a/b.ts", to: "src/a/e.ts" },
    ]);
  });

  it("go down", () => {
    expect(violations(layers, imports)).toEqual([]);
  });

  it("make no circle of files, not even of types", () => {
    expect(circles(imports)).toEqual([]);
  });

  it.each([
    ["src/config/schema.ts", "src/plan/types.ts", "src/config/schema.ts imports src/plan/types.ts"],
    ["src/check/run.ts", "components/cluster.ts", "src/check/run.ts imports components/cluster.ts"],
    ["src/logs/a.ts", "src/top/b.ts", "src/logs/a.ts imports src/top/b.ts"],
    ["src/plan/types.ts", "node:fs", "src/plan/types.ts uses node:fs (files)"],
    ["src/plan/types.ts", "@pulumi/docker", "src/plan/types.ts uses @pulumi/docker (Pulumi)"],
    ["src/plan/types.ts", "pg", "src/plan/types.ts uses pg (network)"],
    ["src/nowhere/x.ts", "src/errors.ts", "src/nowhere/x.ts is in no layer"],
  ])("that do not are named: %s → %s", (from, to, message) => {
    expect(violations(layers, [{ from, to }])).toEqual([message]);
  });

  it("in a circle are named", () => {
    const circle = [
      { from: "a", to: "b" },
      { from: "b", to: "c" },
      { from: "c", to: "b" },
    ];
    expect(circles(circle)).toEqual([["b", "c"]]);
  });
});
