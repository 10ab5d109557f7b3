import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { poll } from "../../src/deadline.ts";
import { Deployment } from "../../testing/deployment.ts";
import { Prometheus } from "../../testing/prometheus.ts";
import { refusalOf } from "../../testing/refusal.ts";
import { run } from "../../testing/run.ts";
import { UnderLoad } from "../../testing/under-load.ts";

/** Part of a URL that nobody may see. */
const token = "NotForEverybodysEyes0123456789";

/** What Alertmanager sends to a webhook, as far as it is looked at. */
interface Notification {
  readonly status: string;
  readonly alerts: readonly { readonly status: string; readonly labels: Readonly<Record<string, string>> }[];
}

/** An alert on its way to a person, and rules of the stack's own. */
describe("notifications", () => {
  let deployment: Deployment;
  let receiver: Server;
  let prometheus: Prometheus;
  let shown = "";
  const received: { readonly path: string; readonly body: Notification }[] = [];

  beforeAll(async () => {
    receiver = createServer((request, response) => {
      let text = "";
      request.setEncoding("utf8").on("data", (part: string) => (text += part));
      request.on("end", () => {
        received.push({ path: request.url ?? "", body: JSON.parse(text) as Notification });
        response.end();
      });
    });
    await new Promise<void>((resolve) => receiver.listen(0, "0.0.0.0", resolve));
    deployment = await Deployment.create("staging", {
      replicas: "0",
      memory: "512MB",
      monitoring: {
        prometheus: true,
        scrapeInterval: "1s",
        alertmanager: { receiver: "webhook" },
        rules: [
          {
            alert: "OrdersStuck",
            expr: 'pg_up{node="pg1"} == 1',
            for: "0s",
            severity: "critical",
            summary: "{{ $labels.node }} has orders",
          },
        ],
      },
    });
    // The gateway of the cluster's network is this machine.
    const gateway = String(deployment.config("subnet")).replace(/0\/24$/, "1");
    const url = `http://${gateway}:${(receiver.address() as AddressInfo).port}/${token}`;
    const set = await deployment.pulumi("config", "set", "--secret", "--stack", deployment.stack, "alertWebhook", url);
    if (set.code !== 0) throw new Error(set.output);
    const preview = await deployment.preview("--diff");
    const up = await deployment.up("--diff");
    shown = preview.output + up.output;
    const { check } = await deployment.outputs();
    prometheus = new Prometheus(check.target.monitoring?.prometheus.port ?? 0);
  });
  afterAll(async () => {
    await deployment?.remove();
    await new Promise((resolve) => receiver.close(resolve));
  });

  async function set(path: string, value: string): Promise<void> {
    const { code, output } = await deployment.pulumi("config", "set", "--path", "--stack", deployment.stack, path, value);
    if (code !== 0) throw new Error(output);
  }

  /** Another expression for the stack's own rule. */
  const setRule = (expr: string): Promise<void> => set("monitoring.rules[0].expr", expr);

  it("of a rule of one's own reach the webhook", async () => {
    const arrived = await poll(() => Promise.resolve(received[0]), { everyMs: 500, timeoutMs: 120_000 });
    expect(arrived?.path).toBe(`/${token}`);
    expect(arrived?.body).toMatchObject({
      status: "firing",
      alerts: [{ status: "firing", labels: { alertname: "OrdersStuck", severity: "critical", stack: deployment.stack, node: "pg1" } }],
    });
    expect((await prometheus.alerts()).map(({ labels }) => labels["alertname"])).toEqual(["OrdersStuck"]);
  });

  it("show their URL nowhere but in a file of Alertmanager's", async () => {
    const containers = await deployment.engine.listContainers({ all: true });
    const own = containers.flatMap(({ Names }) => Names.filter((name) => name.startsWith(`/pgstack-${deployment.stack}-`)));
    const inspected = await Promise.all(own.map((name) => deployment.engine.getContainer(name.slice(1)).inspect()));
    const logs = await Promise.all(own.map(async (name) => (await run("docker", ["logs", name.slice(1)])).output));
    const state = await run("grep", ["-r", "", `${deployment.folder}/state`, `${deployment.folder}/Pulumi.${deployment.stack}.yaml`]);
    expect([shown, JSON.stringify(inspected), logs.join("\n"), state.stdout].map((text) => text.includes(token))).toEqual([
      false,
      false,
      false,
      false,
    ]);
    const files = await run("docker", [
      "exec",
      deployment.container("alertmanager"),
      "find",
      "/etc/pgstack",
      "-type",
      "f",
      "-printf",
      "%f %m %U\n",
    ]);
    expect(files.stdout.split("\n").filter(Boolean).toSorted()).toEqual(["alert-webhook.url 400 999", "alertmanager.yml 644 999"]);
  });

  it("follow a changed threshold at once: the running Prometheus reads its rules again", async () => {
    const id = async (): Promise<string> => (await deployment.engine.getContainer(deployment.container("prometheus")).inspect()).Id;
    const before = await id();
    await setRule('pg_up{node="pg1"} == 0');
    const told = await deployment.preview();
    expect(told.output).toContain("prometheus: rules.yml");
    await deployment.up();
    expect(await id()).toBe(before);
    const quiet = await poll(async () => ((await prometheus.alerts()).length === 0 ? true : undefined), {
      everyMs: 500,
      timeoutMs: 30_000,
    });
    expect(quiet).toBe(true);
  });

  it("survive a reload and a crash: Prometheus and Alertmanager are started again", async () => {
    // Until here Prometheus alone has had a reload.
    await set("monitoring.alertmanager.repeatInterval", "3h");
    await deployment.up();
    const cluster = await UnderLoad.of(deployment);
    for (const service of ["prometheus", "alertmanager"]) await cluster.crashAndReturn(service);
    await cluster.expectHealthy();
  });

  it("are kept as they are by an up whose rules Prometheus refuses, and by one that Alertmanager or PgBouncer would not start with", async () => {
    const { stdout: rules } = await run("docker", ["exec", deployment.container("prometheus"), "cat", "/etc/pgstack/rules.yml"]);
    await setRule('pg_up{node=~"("} == 0');
    const { code, output } = await deployment.tryUp();
    expect(code).not.toBe(0);
    expect(output).toMatch(/Prometheus does not start and serve with these files: .*rules\.yml.*missing closing \)/);
    expect((await run("docker", ["exec", deployment.container("prometheus"), "cat", "/etc/pgstack/rules.yml"])).stdout).toBe(rules);
    const receiver = (text: string): string => text.replace("receiver: webhook", "receiver: nobody");
    expect(await refusalOf(deployment, { server: "alertmanager", service: "alertmanager" }, { "alertmanager.yml": receiver })).toContain(
      'Alertmanager does not start and serve with these files: undefined receiver "nobody" used in route',
    );
    const pooler = { server: "pgbouncer", service: "pgbouncer-1", owner: "pooler" } as const;
    const parameter = (text: string): string => `${text}none_such = 1\n`;
    expect(await refusalOf(deployment, pooler, { "pgbouncer.ini": parameter })).toContain(
      "PgBouncer does not start and serve with these files: unknown parameter: pgbouncer/none_such",
    );
    expect(await refusalOf(deployment, pooler, { "userlist.txt": () => "nobody\n" })).toContain("broken auth file");
  });

  it("survive a restart of all that would have been refused, and continue once the rule is right", async () => {
    for (const service of ["prometheus", "alertmanager", "pgbouncer-1"])
      await deployment.engine.getContainer(deployment.container(service)).restart();
    const cluster = await UnderLoad.of(deployment);
    await cluster.expectHealthy();
    await setRule('pg_up{node="pg1"} == 0');
    await deployment.up();
    await deployment.up("--expect-no-changes");
  });

  it("are refused in preview when they ask for what nobody measures", async () => {
    await setRule("pg_replication_lag > 5");
    const { code, output } = await deployment.preview();
    expect(code).not.toBe(0);
    expect(output).toContain("pgstack:monitoring.rules.0.expr");
    expect(output).toContain("pg_replication_lag");
    expect(output).not.toContain(token);
  });
});
