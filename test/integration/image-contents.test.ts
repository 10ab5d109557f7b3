import { readFileSync } from "node:fs";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import contents from "../../images/postgres/contents.json" with { type: "json" };
import { imageTimezones } from "../../src/postgres/image-contents.ts";
import { ToolImage } from "../../testing/tool-image.ts";

interface Answer {
  readonly packages: Readonly<Record<string, string>>;
  readonly extensions: Readonly<Record<string, readonly string[]>>;
  readonly timezones: readonly string[];
}

/** Preview judges stack files by the list, so a server in the image must have all of it. */
describe("the list of what the built PostgreSQL image has", () => {
  const listed = { extensions: contents.extensions as Answer["extensions"], timezones: imageTimezones.toSorted() };
  let image: ToolImage;
  let server: Answer;

  beforeAll(async () => {
    image = await ToolImage.build("postgres");
    const { stdout, output } = await image.run({}, readFileSync("scripts/postgres-image/read.sh", "utf8"));
    if (!stdout.startsWith("{")) throw new Error(output);
    server = JSON.parse(stdout) as Answer;
  });
  afterAll(() => image?.remove());

  it("promises nothing that a server in the image does not have", () => {
    expect(listed.timezones.filter((name) => !server.timezones.includes(name))).toEqual([]);
    expect(server.extensions).toMatchObject(listed.extensions);
  });

  it("leaves out nothing that packages of these versions have (else run scripts/postgres-image/generate.sh)", (context) => {
    const namesOf = (packages: Answer["packages"]): string => Object.keys(packages).toSorted().join();
    const isOther = Object.entries(server.packages).some(([name, version]) => version !== (contents.packages as Answer["packages"])[name]);
    // Debian's next version may bring a zone: no fault of this checkout, and what the list promises is still there.
    if (isOther && namesOf(server.packages) === namesOf(contents.packages)) {
      context.skip(`versions of the image's packages are others: ${JSON.stringify(server.packages)}`);
    }
    expect({ ...server, timezones: server.timezones.toSorted() }).toEqual({ packages: contents.packages, ...listed });
  });
});
