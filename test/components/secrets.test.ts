import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, it } from "vitest";

import { PlannedCluster } from "../../components/planned-cluster.ts";
import { clusterName } from "../../src/plan/names.ts";
import { clusterOutputs } from "../../components/outputs.ts";
import { isRoutesFile } from "../../src/pgbouncer/routes.ts";
import { renderFiles } from "../../src/render/files.ts";
import { isSecret, plainText, Recorder, reveal, valueOf } from "../../testing/pulumi.ts";
import { allFiles, fakeSecrets, root, secretValues, stackPlan, stacks, textOfFile } from "../../testing/stacks.ts";

describe.each(stacks)("the secrets of %s", (stack) => {
  const plan = stackPlan(stack);
  const rendered = renderFiles(plan);
  let recorder: Recorder;
  let outputs: Record<string, unknown> = {};
  let cluster: PlannedCluster;
  beforeAll(async () => {
    recorder = await Recorder.start(stack);
    cluster = await recorder.run(
      () => new PlannedCluster(clusterName, { plan, files: rendered, root, bundleFolder: `build/${plan.stack}` }),
    );
    outputs = clusterOutputs(plan, cluster);
  });

  it("are 40 letters and digits, made once", () => {
    const passwords = recorder.ofType("random:index/randomPassword:RandomPassword");
    expect(passwords.map(({ name, inputs }) => [name, inputs])).toEqual(
      ["secrets-app", "secrets-monitoring", "secrets-pgbouncer", "secrets-replicator"].map((name) => [
        name,
        { length: 40, special: false },
      ]),
    );
    expect(recorder.find("random:index/randomId:RandomId", "secrets-salt").inputs).toEqual({ byteLength: 32 });
  });

  it("are in no input that is shown in clear", () => {
    expect(recorder.registrations.length).toBeGreaterThan(30);
    for (const { id, inputs } of recorder.registrations) {
      const shown = plainText(inputs);
      expect(
        secretValues.filter((value) => shown.includes(value)),
        id,
      ).toEqual([]);
      expect(shown, id).not.toContain("SCRAM-SHA-256$");
    }
  });

  it("are in the inputs that need them, wrapped", () => {
    const revealed = (type: string, name: string): string => JSON.stringify(reveal(recorder.find(type, name).inputs));
    expect(revealed("pgstack:index:ConfigFiles", "pg1-config")).toContain(fakeSecrets.passwords.replicator);
    expect(revealed("pgstack:index:ConfigFiles", "exporter-config")).toContain(fakeSecrets.passwords.monitoring);
    expect(revealed("pgstack:index:NodeReady", "pg2-ready")).toContain(fakeSecrets.passwords.monitoring);
    expect(revealed("pgstack:index:Roles", "roles")).toContain("SCRAM-SHA-256$4096:");
  });

  it("reach files as secret content with a mode, plain files as they are", () => {
    const volumes = [
      ...plan.nodes.map(({ name }) => [name, name] as const),
      ["pooler", "pooler"] as const,
      ["exporters", "exporter"] as const,
    ];
    for (const [volume, name] of volumes) {
      const { inputs } = recorder.find("pgstack:index:ConfigFiles", `${name}-config`);
      const specs = allFiles(rendered).filter(({ name: of, file }) => of.startsWith(`${volume}/`) && !isRoutesFile(file.path));
      const plain = specs.flatMap(({ file }) => (file.kind === "plain" ? [[file.path, file.content]] : []));
      expect(inputs["files"], volume).toEqual(Object.fromEntries(plain));
      const secretFiles = inputs["secretFiles"] as Readonly<Record<string, { readonly mode: number; readonly content: unknown }>>;
      const secret = specs.flatMap(({ file }) =>
        file.kind === "secret" ? [[file.path, { mode: file.mode, content: textOfFile(file) }]] : [],
      );
      expect(reveal(secretFiles), volume).toEqual(Object.fromEntries(secret));
      for (const [path, { mode, content }] of Object.entries(secretFiles)) {
        expect([isSecret(mode), isSecret(content)], path).toEqual([false, true]);
      }
    }
  });

  it("reach the pooler's reload and the gates as secret passwords", () => {
    const { inputs } = recorder.find("pgstack:index:ConfigFiles", "pooler-config");
    const reload = inputs["reload"] as Readonly<Record<string, unknown>>;
    expect(isSecret(reload["password"])).toBe(true);
    expect(reveal(reload)).toEqual({
      server: "pgbouncer",
      processes: plan.pooler.processes.map(({ number, hostPort, settings }) => ({
        number,
        container: `pgstack-${stack}-pgbouncer-${number}`,
        address: { host: "127.0.0.1", port: hostPort },
        settings: Object.fromEntries([...plan.pooler.settings, ...settings].map(({ name, value }) => [name, value])),
      })),
      password: fakeSecrets.passwords.pgbouncer,
    });
    const gates = recorder.ofType("pgstack:index:NodeReady");
    expect(gates.map((gate) => [isSecret(gate.inputs["password"]), reveal(gate.inputs["password"])])).toEqual(
      plan.nodes.map(() => [true, fakeSecrets.passwords.monitoring]),
    );
  });

  it("reach the check and the roles as one secret each", () => {
    const check = recorder.find("pgstack:index:ReplicationCheck", "check").inputs;
    expect([isSecret(check["secrets"]), reveal(check["secrets"])]).toEqual([true, fakeSecrets.passwords]);
    const roles = recorder.find("pgstack:index:Roles", "roles").inputs;
    expect(isSecret(roles["verifiers"])).toBe(true);
    expect(Object.keys(reveal(roles["verifiers"]) as object).toSorted()).toEqual(["app", "monitoring", "replicator"]);
  });

  it("reach the switch of a running cluster as secrets, with the routes of their users", () => {
    const { inputs } = recorder.find("pgstack:index:Logins", "logins");
    expect(["verifiers", "userlist", "users"].map((key) => isSecret(inputs[key]))).toEqual([true, true, true]);
    expect(reveal(inputs["users"])).toEqual({ app: { password: fakeSecrets.passwords.app, routes: ["app", "app_ro"] } });
    expect(reveal(inputs["userlist"])).toContain('"app" "SCRAM-SHA-256$4096:');
  });

  it("are secret outputs of the component", async () => {
    expect(await valueOf(cluster.secrets.all)).toEqual({ value: { ...fakeSecrets, services: {} }, secret: true });
    for (const [role, output] of Object.entries(cluster.secrets.passwords)) {
      expect(await valueOf(output)).toEqual({ value: fakeSecrets.passwords[role as keyof typeof fakeSecrets.passwords], secret: true });
    }
  });

  it("make every stack output secret that holds one, and no other", async () => {
    const secret = ["writeUrl", "readUrl", "nodeUrls", "directUrl", "adminUrl", "adminUrls", "dotenv", "check"];
    for (const [name, output] of Object.entries(outputs)) {
      const { value, secret: hidden } = await valueOf(pulumi.output(output));
      const text = JSON.stringify(value);
      expect([name, hidden, secretValues.some((each) => text.includes(each))]).toEqual([
        name,
        secret.includes(name),
        secret.includes(name),
      ]);
    }
    expect(Object.keys(outputs)).toEqual(expect.arrayContaining(secret));
  });
});
