import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

import { describe, expect, it } from "vitest";

import { root } from "../../../testing/stacks.ts";

const pages = globSync(["*.md", "{.github,docs,toolchain}/**/*.md"], { cwd: root }).toSorted();

/** Without code, where `#` is a comment and brackets are syntax. */
function proseOf(page: string): string {
  return readFileSync(join(root, page), "utf8")
    .replace(/^```.*?^```$/gms, "")
    .replace(/`[^`\n]*`/g, (code) => code.replaceAll(/[[\]]/g, ""));
}

/** The anchor that GitHub gives to a heading. */
function anchorOf(heading: string): string {
  return heading
    .replaceAll(/\]\([^)]*\)|[`[]/g, "")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(" ", "-");
}

function anchorsOf(page: string): readonly string[] {
  return [...proseOf(page).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = ""]) => anchorOf(heading));
}

function linksOf(page: string): readonly { readonly target: string; readonly anchor: string | undefined }[] {
  return [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = ""]) => link)
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => {
      const [path = "", anchor] = link.split("#");
      return { target: path === "" ? page : relative(root, join(root, dirname(page), path)), anchor };
    });
}

describe.each(pages)("%s", (page) => {
  it("links to files and headings that exist", () => {
    const broken = linksOf(page).filter(({ target, anchor }) => {
      if (!existsSync(join(root, target))) return true;
      return anchor !== undefined && target.endsWith(".md") && !anchorsOf(target).includes(anchor);
    });
    expect(broken).toEqual([]);
  });
});

it("knows the anchors of headings with code, punctuation and links", () => {
  expect(
    ["The resources of one `up`, in order", "How to add …", "[0.2.0] - 2026-01-01", "The pooler's own replacement"].map(anchorOf),
  ).toEqual(["the-resources-of-one-up-in-order", "how-to-add-", "020---2026-01-01", "the-poolers-own-replacement"]);
});

it("docs/README.md lists every page and folder of pages", () => {
  const listed = linksOf("docs/README.md").map(({ target }) => target);
  const expected = pages.filter((page) => page.startsWith("docs/")).map((page) => page.split("/").slice(0, 2).join("/"));
  const missing = [...new Set(expected)].filter((page) => !listed.some((target) => target === page || target.startsWith(`${page}/`)));
  expect(missing).toEqual(["docs/README.md", "docs/benchmarks"]);
});
