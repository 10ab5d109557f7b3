/**
 * Prints what a release says about itself, or writes it to a file: `node scripts/ci/release-notes.ts v0.2.0 [FILE]`.
 *
 * Refuses a tag that is not the version of package.json, or that CHANGELOG.md has no dated section for. Needs no package.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What a release is made from. */
export interface Release {
  readonly tag: string;
  /** Of package.json. */
  readonly version: string;
  /** The whole text of CHANGELOG.md. */
  readonly changelog: string;
}

/** @throws Error with what has to be corrected before the tag is made again */
export function releaseNotes({ tag, version, changelog }: Release): string {
  if (tag !== `v${version}`)
    throw new Error(`the tag is ${tag}, but the version in package.json is ${version}: expected the tag v${version}`);
  const sections = changelog.split(/^## /m).slice(1);
  const found = sections.find((section) => section.startsWith(`[${version}]`));
  if (found === undefined) throw new Error(`CHANGELOG.md has no section [${version}]`);
  const [heading = "", ...lines] = found.split("\n");
  if (!/^\[[^\]]+\] - \d{4}-\d\d-\d\d$/.test(heading))
    throw new Error(`CHANGELOG.md: expected "## [${version}] - YYYY-MM-DD", found "## ${heading}"`);
  // Definitions of links, which Keep a Changelog puts at the end of the page.
  const notes = lines
    .filter((line) => !/^\[[^\]]+\]: /.test(line))
    .join("\n")
    .trim();
  if (notes === "") throw new Error(`CHANGELOG.md: the section [${version}] is empty`);
  return `${notes}\n`;
}

if (import.meta.main) {
  const read = (file: string): string => readFileSync(join(import.meta.dirname, "../..", file), "utf8");
  const { version } = JSON.parse(read("package.json")) as { readonly version: string };
  try {
    const [, , tag = "", file] = process.argv;
    const notes = releaseNotes({ tag, version, changelog: read("CHANGELOG.md") });
    if (file === undefined) process.stdout.write(notes);
    else writeFileSync(file, notes);
  } catch (error) {
    console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
