import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";

import type { ComposeFile } from "../../../../src/render/compose/model.ts";
import { composeYaml } from "../../../../src/render/compose/yaml.ts";
import { cases } from "../../../../testing/cases.ts";

/** A file with these values in places of several kinds. */
function aFile(values: readonly string[]): ComposeFile {
  return {
    name: "test",
    services: {
      one: {
        image: "image",
        container_name: "one",
        command: values,
        restart: "no",
        user: "999:999",
        read_only: true,
        cap_drop: ["ALL"],
        security_opt: [],
        mem_limit: "64m",
        memswap_limit: "64m",
        shm_size: "64m",
        ulimits: { nofile: { soft: 1, hard: 1 } },
        environment: Object.fromEntries(values.map((value, index) => [`VALUE_${index}`, value])),
        volumes: [],
        stop_signal: "SIGTERM",
        stop_grace_period: "1s",
        logging: { driver: "json-file", options: {} },
      },
    },
    networks: {},
    volumes: {},
  };
}

/** What Compose makes of a value: two dollars are one. */
function undoubled(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll("$$", "$");
  if (Array.isArray(value)) return value.map(undoubled);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, undoubled(inner)]));
}

const readBack = (text: string, version: "1.1" | "1.2"): unknown => undoubled(parse(text, { version }));

const hostile = [
  "",
  " ",
  "$HOME",
  "${HOME}",
  "$$",
  "a$",
  "yes",
  "No",
  "ON",
  "off",
  "y",
  "~",
  "null",
  "1:30",
  "012",
  "0o14",
  "0x1F",
  "1_000",
  "1e3",
  ".inf",
  "2026-01-02",
  "<<",
  "=",
  "- a",
  "a: b",
  "a #b",
  "#",
  "'",
  '"',
  "\\",
  "|",
  ">",
  "&a",
  "*a",
  "!tag",
  "%",
  "@",
  "`",
  "{}",
  "[]",
  "?",
  ":",
  "line\nbreak",
  "line\n",
  "\n",
  "carriage\r\nreturn",
  "tab\t",
  "\u0001\u007f\u0085\u00a0\u2028\u2029\ufeff\uffff",
  "ÄÖ €😀",
  " leading",
  "trailing ",
  "a".repeat(300),
  "word ".repeat(60),
];

describe.each(["1.1", "1.2"] as const)("the YAML of a Compose file, read as YAML %s", (version) => {
  it("gives the model back, whatever text is in it", () => {
    const file = aFile(hostile);
    expect(readBack(composeYaml(file, "heading"), version)).toEqual(file);
  });

  it("gives any text back", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("\0", "")),
          { minLength: 1, maxLength: 5 },
        ),
        (values) => {
          const file = aFile(values);
          expect(readBack(composeYaml(file, "heading"), version)).toEqual(file);
        },
      ),
      { numRuns: cases(300) },
    );
  });
});

describe("the YAML of a Compose file", () => {
  it("begins with its heading and has no directive", () => {
    expect(composeYaml(aFile([]), "Rendered for a test.")).toMatch(/^# Rendered for a test\.\n\nname: test\n/);
  });

  it("leaves fields out that are undefined", () => {
    const file = aFile([]);
    const one = { ...file.services["one"], cpus: undefined } as unknown as ComposeFile["services"][string];
    expect(composeYaml({ ...file, services: { one } }, "x")).toBe(composeYaml(file, "x"));
  });

  it.each([
    ["half a character", "\ud800", "text that is not well-formed Unicode in a Compose file"],
    ["NUL", "a\0b", "a NUL character in a Compose file"],
  ])("refuses %s", (_what, value, message) => {
    expect(() => composeYaml(aFile([value]), "x")).toThrow(message);
  });
});
