import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { hashImages } from "../../../src/files/image-hashes.ts";
import { imageFolders } from "../../../src/plan/images.ts";
import { aPlan, root } from "../../../testing/stacks.ts";

describe("planImages", () => {
  it("names built images by what they are built from", () => {
    expect(aPlan().images).toEqual({
      postgres: {
        kind: "build",
        reference: "pgstack/postgres:17-aaaaaaaaaaaa",
        context: "images/postgres",
        buildArgs: { MAJOR: "17" },
      },
      pooler: { kind: "build", reference: "pgstack/pgbouncer:bbbbbbbbbbbb", context: "images/pgbouncer", buildArgs: {} },
      listener: { kind: "build", reference: "pgstack/listener:111111111111", context: "images/listener", buildArgs: {} },
      postgresExporter: {
        kind: "build",
        reference: "pgstack/postgres-exporter:cccccccccccc",
        context: "images/postgres-exporter",
        buildArgs: {},
      },
      poolerExporter: {
        kind: "build",
        reference: "pgstack/pgbouncer-exporter:dddddddddddd",
        context: "images/pgbouncer-exporter",
        buildArgs: {},
      },
      prometheus: { kind: "build", reference: "pgstack/prometheus:eeeeeeeeeeee", context: "images/prometheus", buildArgs: {} },
      alertmanager: { kind: "build", reference: "pgstack/alertmanager:ffffffffffff", context: "images/alertmanager", buildArgs: {} },
      orchestrator: { kind: "build", reference: "pgstack/orchestrator:222222222222", context: "images/orchestrator", buildArgs: {} },
      grafana: { kind: "reference", reference: expect.stringMatching(/^grafana\/grafana:\d+\.\d+\.\d+$/) as string },
    });
  });

  it("takes a reference from stack config as it is", () => {
    const reference = `registry.example:5000/team/postgres:16.10@sha256:${"0".repeat(64)}`;
    const { images } = aPlan({ postgresVersion: 16, images: { postgres: reference } });
    expect(images.postgres).toEqual({ kind: "reference", reference });
    expect(images.pooler.kind).toBe("build");
  });
});

describe("hashImages", () => {
  let folder = "";
  const dockerfile = (kind: keyof typeof imageFolders): string => join(folder, "images", imageFolders[kind], "Dockerfile");

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "pgstack-images-"));
    for (const image of Object.values(imageFolders)) {
      mkdirSync(join(folder, "images", image), { recursive: true });
      writeFileSync(join(folder, "images", image, "Dockerfile"), `FROM scratch\nLABEL name=${image}\n`);
    }
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("gives each image twelve hexadecimal digits of its own", () => {
    const hashes = Object.values(hashImages(root));
    for (const hash of hashes) expect(hash).toMatch(/^[0-9a-f]{12}$/);
    expect(new Set(hashes).size).toBe(8);
  });

  it("does not depend on where the folder is or when its files were written", () => {
    const before = hashImages(folder);
    utimesSync(dockerfile("pooler"), 0, 0);
    expect(hashImages(folder)).toEqual(before);
    expect(hashImages(`${folder}/`)).toEqual(before);
  });

  it("changes one image's hash with its content", () => {
    const before = hashImages(folder);
    writeFileSync(dockerfile("pooler"), "FROM scratch\n");
    const after = hashImages(folder);
    expect(after.pooler).not.toBe(before.pooler);
    expect({ ...after, pooler: before.pooler }).toEqual(before);
  });

  it("changes with a file that is added or renamed", () => {
    const before = hashImages(folder).postgres;
    const extra = join(folder, "images/postgres/extra");
    writeFileSync(extra, "");
    const added = hashImages(folder).postgres;
    rmSync(extra);
    writeFileSync(`${extra}2`, "");
    expect(new Set([before, added, hashImages(folder).postgres]).size).toBe(3);
  });
});
