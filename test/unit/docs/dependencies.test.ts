import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import manifest from "../../../package.json" with { type: "json" };

const page = readFileSync(new URL("../../../docs/dependencies.md", import.meta.url), "utf8");

/** Rows of the tables under the heading: name, version and licence are the first three cells. */
function rowsUnder(heading: string): readonly { readonly name: string; readonly version: string; readonly licence: string }[] {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? "";
  return [...section.matchAll(/^\| `([^`]+)` *\| ([^|]+?) *\| ([^|]+?) *\|/gm)].map(([, name = "", version = "", licence = ""]) => ({
    name,
    version,
    licence,
  }));
}

function packageLicence(name: string): string {
  const text = readFileSync(new URL(`../../../node_modules/${name}/package.json`, import.meta.url), "utf8");
  return (JSON.parse(text) as { readonly license: string }).license;
}

describe.each([
  { heading: "npm packages at run time", declared: manifest.dependencies as Readonly<Record<string, string>> },
  { heading: "npm packages for development", declared: manifest.devDependencies as Readonly<Record<string, string>> },
])("docs/dependencies.md, $heading", ({ heading, declared }) => {
  const rows = rowsUnder(heading);

  it("names every dependency of package.json with its version, and no other", () => {
    expect(Object.fromEntries(rows.map(({ name, version }) => [name, version]))).toEqual(declared);
  });

  it.each(rows)("gives the licence of $name", ({ name, licence }) => {
    expect(licence).toBe(packageLicence(name));
  });
});
