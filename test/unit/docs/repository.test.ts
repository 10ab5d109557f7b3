import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";
import { parse } from "yaml";

import manifest from "../../../package.json" with { type: "json" };
import devcontainer from "../../../.devcontainer/devcontainer.json" with { type: "json" };
import formatter from "../../../.oxfmtrc.json" with { type: "json" };
import renovate from "../../../renovate.json" with { type: "json" };

const root = join(import.meta.dirname, "../../..");
const textOf = (path: string): string => readFileSync(join(root, path), "utf8");
const exists = (path: string): boolean => existsSync(join(root, path));

interface Form {
  readonly name: string;
  readonly body: readonly { readonly type: string; readonly id?: string }[];
}

describe("CODEOWNERS", () => {
  const rules = textOf(".github/CODEOWNERS")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(/\s+/));

  it("names places of this repository, after the rule for everything", () => {
    const places = rules.map(([place = ""]) => place);
    expect(places[0]).toBe("*");
    expect(places.slice(1).filter((place) => !place.startsWith("/") || !exists(place))).toEqual([]);
  });

  it("gives each to a team, not to a person", () => {
    expect(rules.filter(([, ...owners]) => owners.length === 0 || !owners.every((owner) => /^@[\w-]+\/[\w-]+$/.test(owner)))).toEqual([]);
  });
});

describe.each(["REVIEW.md", "SECURITY.md"])("%s", (page) => {
  const text = textOf(page);

  it("names files and folders that exist", () => {
    const folders = /^(\.github|bench|components|docs|provider|scripts|src|templates|test|testing)\//;
    const named = [...text.matchAll(/`([^`\s]+)`/g)].map(([, name = ""]) => name).filter((name) => folders.test(name));
    expect(named.length).toBeGreaterThan(2);
    expect(named.filter((name) => !exists(name))).toEqual([]);
  });

  it("links to files that exist", () => {
    const targets = [...text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, target = ""]) => target);
    expect(targets.filter((target) => !exists(target))).toEqual([]);
  });
});

it.each(["bug", "feature"])("the issue form %s has a name and one id for each field", (name) => {
  const form = parse(textOf(`.github/ISSUE_TEMPLATE/${name}.yml`)) as Form;
  const ids = form.body.filter(({ type }) => type !== "markdown").map(({ id }) => id);
  expect(form.name.toLowerCase()).toBe(name);
  expect(ids.filter((id, at) => id === undefined || ids.indexOf(id) !== at)).toEqual([]);
});

describe("renovate.json", () => {
  it.each(renovate.customManagers)("finds one version per file: $matchStrings", ({ managerFilePatterns, matchStrings }) => {
    const files = globSync(["images/*/Dockerfile", "scripts/lib/*"], { cwd: root });
    for (const pattern of managerFilePatterns) {
      const matching = files.filter((file) => new RegExp(pattern.slice(1, -1)).test(file));
      expect(matching.length, pattern).toBeGreaterThan(0);
      for (const file of matching) {
        const found = matchStrings.flatMap((match) => [...textOf(file).matchAll(new RegExp(match, "g"))]);
        expect([file, found.length]).toEqual([file, 1]);
      }
    }
  });

  it("has rules for packages and files that are there", () => {
    const packages = { ...manifest.dependencies, ...manifest.devDependencies };
    const named = renovate.packageRules.flatMap(({ matchPackageNames = [] }) => matchPackageNames);
    const others = named.filter((name) => !Object.hasOwn(packages, name));
    expect(others).toEqual(["pulumi/pulumi", "debian", "github.com/pulumi/pulumi/sdk/v3", "github.com/terraform-providers/**"]);
    expect(renovate.packageRules.flatMap(({ matchFileNames = [] }) => matchFileNames).filter((file) => !exists(file))).toEqual([]);
  });
});

it("the development container's image and features have whole versions", () => {
  const references = [devcontainer.image, ...Object.keys(devcontainer.features)];
  expect(references.filter((reference) => !/:\d+\.\d+\.\d+(-[a-z]+)?$/.test(reference))).toEqual([]);
});

it(".editorconfig has the line length of the formatter", () => {
  expect(/^max_line_length = (\d+)$/m.exec(textOf(".editorconfig"))?.[1]).toBe(String(formatter.printWidth));
});
