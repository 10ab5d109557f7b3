import { describe, expect, it } from "vitest";

import { renderDashboards } from "../../../../src/monitoring/dashboards/dashboards.ts";
import type { Panel } from "../../../../src/monitoring/dashboards/schema.ts";
import { panelsOf, readDashboards, someLimits } from "../../../../testing/dashboards.ts";

const dashboards = readDashboards();
const panels = dashboards.flatMap((dashboard) =>
  panelsOf(dashboard).map((panel) => ({ dashboard: dashboard.title, title: panel.title, panel })),
);

/** Cells of the grid that a panel covers. */
function cells({ gridPos: { x, y, w, h } }: Pick<Panel, "gridPos">): readonly string[] {
  return Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`);
}

describe("the dashboards", () => {
  it("have the addresses that links and bookmarks know", () => {
    expect(renderDashboards(someLimits).map(({ path }) => path)).toEqual([
      "dashboards/pgstack-cluster.json",
      "dashboards/pgstack-node.json",
      "dashboards/pgstack-replication.json",
      "dashboards/pgstack-pooler.json",
    ]);
    expect(dashboards.map(({ uid, title }) => `${uid} ${title}`)).toEqual([
      "pgstack-cluster Cluster",
      "pgstack-node Node",
      "pgstack-replication Replication",
      "pgstack-pooler Pooler",
    ]);
  });

  it("are the same bytes when they are rendered again", () => {
    expect(renderDashboards(someLimits)).toEqual(renderDashboards(someLimits));
  });

  it("have each panel on a line of its own", () => {
    for (const [index, { content }] of renderDashboards(someLimits).entries()) {
      const lines = content.split("\n").filter((line) => line.startsWith('{"type":'));
      expect(lines).toHaveLength(dashboards[index]?.panels.length ?? 0);
    }
  });

  it("cannot be changed in Grafana, have no number of one Grafana, and are in the one classic schema", () => {
    for (const dashboard of dashboards) {
      expect(dashboard).toMatchObject({ editable: false, schemaVersion: 42, tags: ["pgstack"] });
      expect(dashboard).not.toHaveProperty("id");
    }
  });

  it("fit on one screen, where that is promised", () => {
    const [cluster] = dashboards;
    const bottoms = (cluster?.panels ?? []).map(({ gridPos: { y, h } }) => y + h);
    expect(Math.max(...bottoms)).toBeLessThanOrEqual(25);
  });
});

describe.each(dashboards)("$title", (dashboard) => {
  it("has a number of its own for each panel", () => {
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("has a title of its own for each panel", () => {
    const titles = panelsOf(dashboard).map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
  });

  it("fills lines of 24 columns from the top, and no two panels overlap", () => {
    const covered = dashboard.panels.flatMap(cells);
    expect(new Set(covered).size).toBe(covered.length);
    for (const { gridPos } of dashboard.panels) {
      expect(gridPos.x).toBeGreaterThanOrEqual(0);
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
    }
    const height = Math.max(...dashboard.panels.map(({ gridPos: { y, h } }) => y + h));
    expect(covered).toHaveLength(24 * height);
  });

  it("has variables that Grafana fills from Prometheus", () => {
    const { list } = dashboard.templating;
    expect(list.map(({ name }) => name)).toEqual(dashboard.title === "Node" ? ["stack", "node"] : ["stack"]);
    for (const { datasource, query, type } of list) {
      expect({ datasource, type }).toEqual({ datasource: { type: "prometheus", uid: "pgstack" }, type: "query" });
      expect(query.query).toMatch(/^label_values\(pg_up(\{stack="\$stack"\})?, (stack|node)\)$/);
    }
  });

  it("uses no variable that it has not", () => {
    const known = new Set([...dashboard.templating.list.map(({ name }) => name), "__rate_interval"]);
    const used = panelsOf(dashboard).flatMap(({ targets }) =>
      targets.flatMap(({ expr }) => [...expr.matchAll(/\$\{?(\w+)/g)].map(([, name]) => name)),
    );
    expect(used.filter((name) => name === undefined || !known.has(name))).toEqual([]);
    expect(new Set(used)).toContain("stack");
  });
});

describe.each(panels)("$dashboard, $title", ({ panel }) => {
  it("says what it shows and what good looks like, in which unit", () => {
    expect(panel.description).toMatch(/^[A-Z].{20,}\.$/);
    expect(panel.description).toMatch(/Good:|keep up with|stay at 0/);
    expect(panel.fieldConfig.defaults.unit).toMatch(/^[A-Za-z]+$/);
  });

  it("asks pgstack's Prometheus alone", () => {
    expect(panel.datasource).toEqual({ type: "prometheus", uid: "pgstack" });
    expect(panel.targets.map(({ datasource }) => datasource)).toEqual(panel.targets.map(() => panel.datasource));
  });

  it("has queries with letters of their own, in order", () => {
    expect(panel.targets.map(({ refId }) => refId)).toEqual("ABCDEFGH".slice(0, panel.targets.length).split(""));
    expect(panel.targets.length).toBeGreaterThan(0);
  });

  it("asks for one moment or for a curve, as it draws it", () => {
    const curve = panel.type === "timeseries" || panel.type === "state-timeline";
    for (const { instant, range, format } of panel.targets) {
      expect({ instant, range, format }).toEqual({
        instant: !curve,
        range: curve,
        format: panel.type === "table" ? "table" : "time_series",
      });
    }
  });

  it("has thresholds that rise from the first colour", () => {
    const lists = [panel.fieldConfig.defaults.thresholds?.steps ?? []];
    for (const { properties } of panel.fieldConfig.overrides) {
      for (const { id, value } of properties)
        if (id === "thresholds") lists.push((value as { readonly steps: (typeof lists)[number] }).steps);
    }
    for (const steps of lists) {
      const [first, ...others] = steps.map(({ value }) => value);
      expect(first).toBeNull();
      expect(others).toEqual(others.toSorted((a, b) => Number(a) - Number(b)));
    }
  });
});

describe("numbers", () => {
  const colorMode = (title: string): unknown =>
    panels
      .filter(({ panel }) => panel.type === "stat" && panel.title === title)
      .map(({ panel }) => (panel.options as { colorMode?: unknown }).colorMode);

  it("are coloured where they are good or bad, and not where they only tell", () => {
    expect(colorMode("Replicas missing")).toEqual(["background", "background"]);
    expect(colorMode("Leader")).toEqual(["background"]);
    expect(colorMode("Role")).toEqual(["none"]);
    expect(colorMode("Uptime")).toEqual(["none"]);
  });
});

describe("tables", () => {
  const tables = panels.filter(({ panel }) => panel.type === "table");

  it.each(tables)("$title has a query for each column of values, and a heading of its own for each column", ({ panel }) => {
    const organize = panel.transformations?.find(({ id }) => id === "organize")?.options as {
      readonly renameByName: Readonly<Record<string, string>>;
    };
    const letters = Object.keys(organize.renameByName).flatMap((field) => /^Value #(.)$/.exec(field)?.[1] ?? []);
    const joined = panel.transformations?.some(({ id }) => id === "joinByField") === true;
    expect(letters).toEqual(joined ? panel.targets.map(({ refId }) => refId) : []);
    const headings = Object.values(organize.renameByName);
    expect(new Set(headings).size).toBe(headings.length);
    expect(panel.fieldConfig.overrides.map(({ matcher }) => matcher.options)).toEqual(headings);
  });

  it("link to dashboards that are there, with variables that they have", () => {
    const links = tables.flatMap(({ panel }) =>
      panel.fieldConfig.overrides.flatMap(({ properties }) =>
        properties
          .filter(({ id }) => id === "links")
          .flatMap(({ value }) => (value as readonly { readonly url: string }[]).map(({ url }) => url)),
      ),
    );
    expect(links).toHaveLength(1);
    for (const url of links) {
      const [, uid, search = ""] = /^\/d\/([\w-]+)\?(.*)$/.exec(url) ?? [];
      const target = dashboards.find((dashboard) => dashboard.uid === uid);
      const set = [...search.matchAll(/var-(\w+)=/g)].map(([, name]) => name);
      expect(set).toEqual(target?.templating.list.map(({ name }) => name));
    }
  });
});
