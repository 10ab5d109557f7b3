import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { parse } from "yaml";

import type { RawConfig } from "../src/config/parse.ts";
import { parseConfig } from "../src/config/parse.ts";
import type { ClusterConfig } from "../src/config/schema.ts";
import { configSchema } from "../src/config/schema.ts";
import { UserError } from "../src/errors.ts";
import type { PlanContext } from "../src/plan/cluster.ts";
import { planCluster } from "../src/plan/cluster.ts";
import type { ClusterPlan, ClusterSecrets } from "../src/plan/types.ts";
import type { RenderedFiles } from "../src/render/files.ts";
import { monitoringFilesOf } from "../src/render/monitoring-files.ts";
import type { FileSpec } from "../src/files/file-spec.ts";

/** The checkout's folder. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/** The checked-in stacks. */
export const stacks = ["staging", "production"] as const;
export type Stack = (typeof stacks)[number];

/** A stack file as YAML reads it. */
export function readStackFile(stack: Stack): unknown {
  return parse(readFileSync(`${root}/Pulumi.${stack}.yaml`, "utf8"));
}

/** Config as Pulumi hands it to the program: full key → text, JSON text for lists and objects. */
export function pulumiConfig(stack: Stack): Record<string, string> {
  const { config } = readStackFile(stack) as { readonly config: Readonly<Record<string, unknown>> };
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key, textOf(value)]));
}

/** The same without the namespace, as `parseConfig` takes it. */
export function rawConfig(stack: Stack): RawConfig {
  return Object.fromEntries(Object.entries(pulumiConfig(stack)).map(([key, value]) => [key.replace(/^pgstack:/, ""), value]));
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Keys as a stack file holds them, without the namespace. */
export type StackKeys = Readonly<Record<string, unknown>>;

/** Checked config with the given keys and defaults for all others. */
export function aConfig(keys: StackKeys = {}): ClusterConfig {
  return configSchema.parse(keys);
}

/** What the plan needs in addition to config; image hashes that stand out in a name. */
export function aContext(over: Partial<PlanContext> = {}): PlanContext {
  const stack = over.stack ?? "test";
  return {
    project: "pgstack",
    stack,
    stackFile: `Pulumi.${stack}.yaml`,
    imageHashes: {
      postgres: "aaaaaaaaaaaa",
      pooler: "bbbbbbbbbbbb",
      listener: "111111111111",
      postgresExporter: "cccccccccccc",
      poolerExporter: "dddddddddddd",
      prometheus: "eeeeeeeeeeee",
      orchestrator: "222222222222",
      alertmanager: "ffffffffffff",
    },
    ...over,
  };
}

/** The plan of a stack named `test` with the given keys. */
export function aPlan(keys: StackKeys = {}, context: Partial<PlanContext> = {}): ClusterPlan {
  return planCluster(aConfig(keys), aContext(context));
}

/** The plan of a checked-in stack file. */
export function stackPlan(stack: Stack): ClusterPlan {
  return planCluster(parseConfig(rawConfig(stack), `Pulumi.${stack}.yaml`), aContext({ stack }));
}

/** Secrets that say what they are; each is a word that nothing else contains. */
export const fakeSecrets: ClusterSecrets = {
  passwords: {
    app: "FAKEappPassword0000000000000000000000app",
    replicator: "FAKEreplicatorPassword00000000replicator",
    monitoring: "FAKEmonitoringPassword00000000monitoring",
    pgbouncer: "FAKEpgbouncerPassword0000000000pgbouncer",
  },
  users: {},
  services: {
    grafana: "FAKEgrafanaPassword0000000000000grafana",
    alertWebhook: "https://alerts.example/FAKEwebhookToken",
    alertEmailPassword: "FAKEemailPassword",
  },
  saltSeed: "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
};

/** The password of a declared user in tests. */
export const fakeUserPassword = (name: string): string => `FAKE${name}UserPassword000000000000${name}`;

/** The fake secrets with a password for each user of a plan. */
export function fakeSecretsOf(plan: ClusterPlan): ClusterSecrets {
  return { ...fakeSecrets, users: Object.fromEntries(plan.users.map(({ name }) => [name, fakeUserPassword(name)])) };
}

/** Every secret value of `fakeSecrets`. */
export const secretValues: readonly string[] = [
  ...Object.values(fakeSecrets.passwords),
  ...Object.values(fakeSecrets.services ?? {}),
  fakeSecrets.saltSeed,
];

/** Users that arbitrary stacks declare. */
const arbitraryUsers = Object.fromEntries(["seller", "buyer", "reader"].map((name) => [name, fakeUserPassword(name)]));

/** A file's text, with fake secrets if it holds any. */
export function textOfFile(file: FileSpec): string {
  return file.kind === "plain" ? file.content : file.render({ ...fakeSecrets, users: arbitraryUsers });
}

/** All files of a cluster as `<node or service>/<path>`. */
export function allFiles(files: RenderedFiles): readonly { readonly name: string; readonly file: FileSpec }[] {
  const volumes: readonly (readonly [string, readonly FileSpec[]])[] = [
    ...files.nodes,
    ["pooler", [...files.pooler, ...files.routes]],
    ...(files.exporters === undefined ? [] : [["exporters", files.exporters] as const]),
    ...monitoringFilesOf(files.monitoring),
  ];
  return volumes.flatMap(([volume, of]) => of.map((file) => ({ name: `${volume}/${file.path}`, file })));
}

/** The message of the UserError that an action throws; anything else fails the test. */
export function userErrorOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  throw new Error("nothing was thrown");
}
