import { describe, expect, it } from "vitest";

import { bundlePlan } from "../../../src/plan/bundle.ts";
import { planContainers } from "../../../src/plan/containers.ts";
import { monitoringServices } from "../../../src/plan/monitoring.ts";
import { aPlan, userErrorOf } from "../../../testing/stacks.ts";
import type { StackKeys } from "../../../testing/stacks.ts";

const all = { prometheus: true, alertmanager: {}, grafana: {} };

describe("planMonitoring", () => {
  it("plans nothing unless it is asked for", () => {
    expect(aPlan().monitoring).toBeUndefined();
    expect(planContainers(aPlan()).some(({ service }) => service === "prometheus")).toBe(false);
  });

  it("gives each service a container, an address from the subnet's end, a port and its memory", () => {
    const plan = aPlan({ replicas: 0, monitoring: all });
    const planned = planContainers(plan).slice(-3);
    expect(planned.map(({ name, address, port, memoryMb }) => [name, address, port?.external, memoryMb])).toEqual([
      ["pgstack-test-prometheus", "172.29.10.252", 9090, 256],
      ["pgstack-test-alertmanager", "172.29.10.251", 9093, 64],
      ["pgstack-test-grafana", "172.29.10.250", 3000, 256],
    ]);
    expect(plan.engine.memoryMb).toBe(1024 + 2 * 128 + 32 + 3 * 64 + 256 + 64 + 256);
  });

  it("keeps what Prometheus and Alertmanager have seen, for as long and as large as config says", () => {
    const plan = aPlan({ monitoring: { ...all, retention: "30d", retentionSize: "10GB" } });
    expect(monitoringServices(plan.monitoring).map(([name, { dataVolume }]) => [name, dataVolume])).toEqual([
      ["prometheus", "pgstack-test-prometheus-data"],
      ["alertmanager", "pgstack-test-alertmanager-data"],
      ["grafana", undefined],
    ]);
    const { command } = planContainers(plan).find(({ service }) => service === "prometheus") ?? { command: [] };
    expect(command).toEqual(
      expect.arrayContaining(["--storage.tsdb.retention.time=2592000s", "--storage.tsdb.retention.size=10240MB"]) as string[],
    );
  });

  it("shows what asks nobody who he is to this machine alone, wherever clients come from", () => {
    const keys = { monitoring: all, bindAddress: "0.0.0.0" };
    const published = (more: StackKeys): readonly (readonly [string, string])[] =>
      monitoringServices(aPlan({ ...keys, ...more }).monitoring).map(([, service]) => [service.published.address, service.published.host]);
    expect(published({})).toEqual([
      ["127.0.0.1", "127.0.0.1"],
      ["127.0.0.1", "127.0.0.1"],
      ["0.0.0.0", "127.0.0.1"],
    ]);
    // The check comes from here, so with an engine elsewhere they are where clients are let in.
    expect(published({ dockerHost: "tcp://db.example:2376", clientNetworks: ["10.0.0.0/8"] })).toEqual([
      ["0.0.0.0", "db.example"],
      ["0.0.0.0", "db.example"],
      ["0.0.0.0", "db.example"],
    ]);
  });

  it("gives a bundle names of its own", () => {
    const { monitoring } = bundlePlan(aPlan({ monitoring: all }));
    expect(monitoringServices(monitoring).map(([, { container }]) => container)).toEqual(
      ["prometheus", "alertmanager", "grafana"].map((name) => `pgstack-test-bundle-${name}`),
    );
    expect(monitoring?.prometheus.dataVolume).toBe("pgstack-test-bundle-prometheus-data");
  });
});

describe("monitoring that cannot work is refused", () => {
  const problemsOf = (keys: StackKeys): string => userErrorOf(() => aPlan(keys));
  const email = { to: "dba@example.org", from: "pgstack@example.org", smarthost: "mail.example.org:587" };

  it.each<readonly [string, StackKeys, string]>([
    [
      "without exporters",
      { exporters: false, monitoring: { prometheus: true } },
      "pgstack:monitoring.prometheus: it has nothing to scrape",
    ],
    ["Alertmanager alone", { monitoring: { alertmanager: {} } }, "pgstack:monitoring.alertmanager: it needs Prometheus"],
    ["Grafana alone", { monitoring: { grafana: {} } }, "pgstack:monitoring.grafana: it needs Prometheus"],
    [
      "a webhook without a URL",
      { monitoring: { ...all, alertmanager: { receiver: "webhook" } } },
      'pgstack:monitoring.alertmanager.receiver: "webhook" has no URL',
    ],
    [
      "mail without addresses",
      { monitoring: { ...all, alertmanager: { receiver: "email" } } },
      'pgstack:monitoring.alertmanager.receiver: "email" has no addresses',
    ],
    [
      "a user without a password",
      { monitoring: { ...all, alertmanager: { receiver: "email", email: { ...email, user: "me" } } } },
      "pgstack:monitoring.alertmanager.email.user: it has no password",
    ],
    [
      "a password without a user",
      { alertEmailPassword: "hush", monitoring: { ...all, alertmanager: { receiver: "email", email } } },
      "pgstack:alertEmailPassword: nothing uses it",
    ],
    ["a URL that nobody uses", { alertWebhook: "https://example.org/hook/hush" }, "pgstack:alertWebhook: nothing uses it"],
    [
      "addresses that nobody uses",
      { monitoring: { ...all, alertmanager: { email } } },
      "pgstack:monitoring.alertmanager.email: nothing uses it",
    ],
    ["too often", { monitoring: { prometheus: true, scrapeInterval: "200ms" } }, 'pgstack:monitoring.scrapeInterval: "200ms" is too often'],
    ["too long", { monitoring: { prometheus: true, scrapeInterval: "5min" } }, 'pgstack:monitoring.scrapeInterval: "5min" is too long'],
    ["for minutes", { monitoring: { prometheus: true, retention: "30min" } }, 'pgstack:monitoring.retention: "30min" is shorter'],
    ["in a thimble", { monitoring: { prometheus: true, retentionSize: "64MB" } }, 'pgstack:monitoring.retentionSize: "64MB" is less'],
    ["with no memory", { monitoring: { prometheus: true, memory: "64MB" } }, 'pgstack:monitoring.memory: "64MB" is too little'],
    [
      "on a port that is taken",
      { monitoring: { prometheus: true }, ports: { prometheus: 6432 } },
      "pgstack:ports.prometheus: port 6432 is given to the pooler and to Prometheus",
    ],
    [
      "in a subnet without room",
      { replicas: 1, subnet: "172.29.10.0/29", monitoring: { prometheus: true } },
      'pgstack:subnet: "172.29.10.0/29" has 8 addresses, 18 are needed',
    ],
  ])("%s", (_, keys, problem) => {
    const message = problemsOf(keys);
    expect(message).toContain(problem);
    expect(message).not.toContain("hush");
  });
});
