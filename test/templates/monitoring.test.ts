import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { renderAlertmanager } from "../../src/monitoring/alertmanager.ts";
import { renderGrafanaFiles } from "../../src/monitoring/provisioning.ts";
import { receivers } from "../../testing/alertmanager.ts";
import { someLimits } from "../../testing/dashboards.ts";

const folder = "__snapshots__/monitoring";

const files = [
  ...renderGrafanaFiles({ scrapeIntervalS: 15, prometheusUrl: "http://prometheus:9090", limits: someLimits }).map(({ path, content }) => ({
    name: `grafana/${path}`,
    content,
  })),
  ...receivers.map(([receiver, input]) => ({ name: `alertmanager/${receiver}.yml`, content: renderAlertmanager(input).content })),
];

describe("files of Grafana and Alertmanager", () => {
  it.each(files)("$name is what the snapshot shows", async ({ name, content }) => {
    await expect(content).toMatchFileSnapshot(`${folder}/${name}`);
  });

  it("are all that there are snapshots of", () => {
    const path = fileURLToPath(new URL(folder, import.meta.url));
    const found = readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1));
    expect(found.toSorted()).toEqual(files.map(({ name }) => name).toSorted());
  });
});
