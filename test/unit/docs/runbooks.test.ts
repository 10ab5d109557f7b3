import { existsSync, readdirSync, readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { alertsPage } from "../../../scripts/docs/alerts-page.ts";
import { alertKeys, alertNames } from "../../../src/config/alerts.ts";
import { configKeys } from "../../../src/config/parse.ts";
import { kebab } from "../../../src/monitoring/alert.ts";
import { alertDefinition } from "../../../src/monitoring/catalogue.ts";
import { alertCases } from "../../../testing/alerts/cases.ts";
import { root } from "../../../testing/stacks.ts";

const folder = `${root}/docs/runbooks`;
const read = (name: string): string => readFileSync(`${folder}/${kebab(name)}.md`, "utf8");
const sections = ["## Symptoms", "## Diagnosis", "Likely causes:", "## Fix", "**Do not**", "## Tuning"];

describe("docs/runbooks", () => {
  it("has one page for each alert, and no other", () => {
    const pages = readdirSync(folder).filter((file) => file !== "README.md");
    expect(pages.toSorted()).toEqual(alertNames.map((name) => `${kebab(name)}.md`).toSorted());
    const index = readFileSync(`${folder}/README.md`, "utf8");
    expect([...index.matchAll(/^- \[(\w+)\]\(([\w-]+\.md)\)$/gm)].map(([, name, file]) => `${name} ${file}`).toSorted()).toEqual(
      alertNames.map((name) => `${name} ${kebab(name)}.md`).toSorted(),
    );
  });

  it.each(alertNames)("%s has its sections in order", (name) => {
    const text = read(name);
    expect(text.split("\n")[0]).toBe(`# ${name}`);
    const places = sections.map((section) => text.indexOf(`\n${section}\n`));
    expect(places.every((at) => at > 0)).toBe(true);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(text.match(/^## .*$/gm)).toEqual(sections.filter((section) => section.startsWith("## ")));
  });

  it.each(alertNames)("%s names commands, keys and pages that exist", (name) => {
    const text = read(name);
    const commands = [...text.matchAll(/\.\/pgstack ([a-z]+)/g)].map(([, command = ""]) => command);
    const main = readFileSync(`${root}/src/cli/program.ts`, "utf8");
    expect([...new Set(commands)].filter((command) => !main.includes(`  ${command}Command(),`))).toEqual([]);
    const links = [...text.matchAll(/\]\(([^)#]+)\)/g)].map(([, target = ""]) => target);
    expect(links.filter((target) => !existsSync(`${folder}/${target}`))).toEqual([]);
    const keys = [...text.matchAll(/--path (\w+)/g)].map(([, key = ""]) => key);
    expect(keys.length).toBeGreaterThan(0);
    expect(keys.filter((key) => !configKeys.includes(key))).toEqual([]);
  });

  it.each(alertNames)("%s changes a threshold of its own and knows its default", (name) => {
    const [, alert, key = "", preset] =
      /--path monitoring\.alerts\.(\w+)\.(\w+) \S+ --stack production +# default (\S+)/.exec(read(name)) ?? [];
    expect(alert).toBe(name);
    expect(preset).toBe(String(alertKeys(name)[key as "warning"]?.preset));
  });
});

describe("docs/alerts.md", () => {
  it("is what the alerts say", () => {
    expect(readFileSync(`${root}/docs/alerts.md`, "utf8") === alertsPage(), "stale: run npm run docs").toBe(true);
  });

  it.each(alertNames)("has a row, a runbook and an expression for %s", (name) => {
    expect(alertsPage()).toContain(`| [${name}](runbooks/${kebab(name)}.md) | ${alertKeys(name).about} |`);
    expect(alertsPage()).toContain(`### ${name}\n\n`);
  });

  it("gives the labels that alerts carry", () => {
    for (const { alert, labels } of alertCases.flatMap(({ fires }) => fires)) {
      const known = alertDefinition(alert as (typeof alertNames)[number]).labels;
      expect(
        Object.keys(labels).filter((label) => !known.includes(label)),
        alert,
      ).toEqual([]);
    }
  });
});
