import { stringify } from "yaml";
import { z } from "zod";

import { configSchema, maxReplicas, reservedDatabases, reservedRoles } from "../../src/config/schema.ts";
import { directConnections, monitoringConnections } from "../../src/plan/connections.ts";
import { ownedSettings, refusedValues } from "../../src/plan/owned-settings.ts";
import { reservedConnections } from "../../src/plan/postgres-defaults.ts";
import { extensionsNeededBy, imageExtensions } from "../../src/postgres/image-contents.ts";
import { allowedValues, bare, mappingOrWords, shapeOf } from "./allowed-values.ts";
import { configJsonSchema } from "./stack-file-schema.ts";
import type { JsonSchema } from "./stack-file-schema.ts";
import { rows } from "./table.ts";

/** The top-level keys in the order of the page. */
export const groups: readonly (readonly [title: string, keys: readonly string[]])[] = [
  ["Cluster", ["replicas", "leader", "database", "appUser", "extensions", "postgresVersion", "locale", "timezone"]],
  ["Databases and users", ["databases", "users", "remove"]],
  ["Memory and PostgreSQL settings", ["memory", "shm", "cpus", "workload", "disk", "slotWalCap", "reclone", "settings"]],
  ["Pooler", ["pooler"]],
  ["Network and engine", ["ports", "bindAddress", "clientNetworks", "subnet", "dockerHost"]],
  ["Images", ["images"]],
  ["Monitoring", ["exporters", "monitoring", "alertWebhook", "alertEmailPassword"]],
  ["Passwords and check", ["scramIterations", "scramSalt", "checkTimeout"]],
];

/** A stack file that uses keys of every kind; a test plans it. */
export const example = {
  replicas: 2,
  database: "shop",
  appUser: "shop",
  memory: "4GB",
  extensions: ["pg_trgm"],
  settings: { work_mem: "16MB", log_min_duration_statement: "200ms" },
  pooler: { poolSize: 40, maxClients: 2000 },
  ports: { postgres: 35_432, pooler: 36_432, postgresExporter: 39_187, poolerExporter: 39_127 },
  subnet: "172.29.30.0/24",
  monitoring: { prometheus: true, retention: "30d" },
};

/** `docs/config.md`. */
export function configPage(): string {
  return [
    "<!-- Written by scripts/generate-docs.ts from src/config/schema.ts. Do not edit: run `npm run docs`. -->",
    "# Stack config",
    introduction(),
    "## Example",
    exampleFile(),
    "## Setting keys",
    setting(),
    "## Keys",
    ...groups.flatMap(([title, keys]) => [`### ${title}`, table(keys)]),
    "## Relations",
    relations(),
    "## Extensions of the built image",
    extensions(),
    "## Settings that pgstack owns",
    "These PostgreSQL settings cannot be given under `settings`:",
    rows(
      ["setting", "reason, or what to use instead"],
      Object.entries(ownedSettings)
        .toSorted(byName)
        .map(([name, why]) => [`\`${name}\``, why]),
    ),
    "These values are refused:",
    rows(
      ["setting", "refused", "reason"],
      Object.entries(refusedValues)
        .toSorted(byName)
        .map(([name, { values, why }]) => [`\`${name}\``, `\`${values[0] ?? ""}\``, why]),
    ),
    "## Reserved names",
    `Roles that \`appUser\` and \`users\` cannot be: ${list(reservedRoles)}, and every name that begins with \`pg_\`.`,
    `Databases that \`database\` and \`databases\` cannot be: ${list(reservedDatabases)}, and every name that ends in \`_ro\`.`,
    "",
  ]
    .join("\n\n")
    .replace(/\n+$/, "\n");
}

function introduction(): string {
  return [
    "A stack is declared in `Pulumi.<stack>.yaml`. Every key has a default, so an empty file is a cluster too. Keys stand in the",
    "namespace `pgstack:`, or in the one of the project's name, which `pulumi config set` adds; the same key in both is refused, as is a",
    "namespace that is nearly one of the two. `pulumi up` and `./pgstack` name other keys that they ignore, and take a key that a stack does",
    "not have from `config` in `Pulumi.yaml`. All keys are checked before anything is touched, and all problems are reported at once.",
    "Passwords are generated and kept encrypted in the stack's state; only `alertWebhook` and `alertEmailPassword` hold a secret.",
    "",
    "[config.schema.json](config.schema.json) is the same for editors: the first line of the checked-in stack files names it.",
  ].join("\n");
}

function exampleFile(): string {
  const config = Object.fromEntries(Object.entries(example).map(([key, value]) => [`pgstack:${key}`, value]));
  return `\`\`\`yaml\n# yaml-language-server: $schema=docs/config.schema.json\n${stringify({ config }, { lineWidth: 0 })}\`\`\``;
}

function setting(): string {
  return [
    "```sh",
    "pulumi config set replicas 4                      # a key of the top level",
    "pulumi config set --path pooler.poolSize 40       # a key inside a mapping",
    "pulumi config set --path settings.work_mem 16MB   # a PostgreSQL setting",
    "pulumi config set --path 'settings[\"auto_explain.log_min_duration\"]' 1s",
    "pulumi config set --path 'extensions[0]' pg_trgm  # the first entry of a list",
    "pulumi config rm --path settings.work_mem         # back to the default",
    "pulumi preview                                    # what would change",
    "```",
    "",
    'Pulumi writes numbers of the top level as text (`"4"`); both forms mean the same. Inside a mapping numbers stay numbers.',
    "",
    "Memory is a whole number with `kB`, `MB`, `GB` or `TB` (or Docker's `k`, `m`, `g`), in steps of 1024. Times take `ms`, `s`, `min`",
    "(or `m`), `h` or `d`. `settings` takes PostgreSQL's own values.",
  ].join("\n");
}

function table(keys: readonly string[]): string {
  const json = configJsonSchema().properties ?? {};
  return rows(
    ["key", "type", "default", "allowed", "description"],
    keys.flatMap((key) => keyRows(key, configSchema.shape[key as keyof typeof configSchema.shape], json[key] ?? {})),
  );
}

/** One row for a key, or one for each key of a mapping. */
function keyRows(key: string, schema: z.core.$ZodType, json: JsonSchema): (readonly string[])[] {
  const shape = shapeOf(schema);
  if (shape !== undefined)
    return Object.entries(shape).flatMap(([name, inner]) => keyRows(`${key}.${name}`, inner, json.properties?.[name] ?? {}));
  const choice = mappingOrWords(schema);
  if (choice !== undefined)
    return [[`\`${key}\``, "mapping", filled(schema), `${list(choice.keys)}; or ${list(choice.words)}`, json.description ?? ""]];
  const value = valueOf(schema);
  if (value !== undefined && shapeOf(value) !== undefined)
    return [
      [`\`${key}\``, "mapping", "–", "names, each with the keys below", json.description ?? ""],
      ...keyRows(`${key}.<name>`, value, valuesIn(json)),
    ];
  const type = value === undefined ? (typeNames[json.type ?? ""] ?? "text") : "mapping";
  const allowed = value === undefined ? allowedValues(schema, json) : freeValues(key, value, json);
  return [[`\`${key}\``, type, presetOf(json), allowed, json.description ?? ""]];
}

/** A mapping's keys with their defaults. */
function filled(schema: z.core.$ZodType): string {
  return `\`${stringify(z.parse(schema, {}), { collectionStyle: "flow", lineWidth: 0 }).trim()}\``;
}

function presetOf({ default: preset }: JsonSchema): string {
  return preset === undefined ? "–" : `\`${typeof preset === "string" ? preset : JSON.stringify(preset)}\``;
}

/** The schema of a mapping's values when its names are free. */
function valueOf(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  return (bare(schema)._zod.def as { readonly valueType?: z.core.$ZodType }).valueType;
}

function valuesIn({ additionalProperties: values }: JsonSchema): JsonSchema {
  return typeof values === "object" ? values : {};
}

/** What a mapping of free names to single values may hold. */
function freeValues(key: string, value: z.core.$ZodType, json: JsonSchema): string {
  if (key === "settings") return "PostgreSQL's settings by their names; text, numbers, true or false";
  const inner = valuesIn(json);
  return `names, each with ${typeof inner.const === "string" ? `\`${inner.const}\`` : allowedValues(value, inner)}`;
}

const typeNames: Readonly<Record<string, string>> = {
  integer: "whole number",
  number: "number",
  boolean: "true or false",
  array: "list",
  string: "text",
};

function relations(): string {
  const items = [
    "`leader` is one of the nodes: `pg1` to `pg<replicas + 1>`.",
    "`postgresVersion` other than the built image's needs `images.postgres`.",
    "The built PostgreSQL image has `timezone`, old names such as `US/Pacific` included; upper and lower case mean the same. With `images.postgres` this is checked only by the server, in `up`.",
    "The built PostgreSQL image has what `extensions` name, the first database's and others' ([below](#extensions-of-the-built-image)).",
    `The pool for writes, its reserve, ${monitoringConnections} connections for monitoring, ${directConnections} direct ones and those that are reserved (${reservedConnections} by default) fit into \`max_connections\`; without replicas the pool for reads counts too. By default \`max_connections\` is planned to fit.`,
    "Every owner in `databases` is `appUser` or one of `users`, and every user has access to a database; names are unique.",
    "The `poolSize` of each further database counts too, and its `connectionLimit` is at least that. A user that is not pooled counts with its `connectionLimit`.",
    "Databases and users under `remove` are no longer declared.",
    "The pool for reads is `poolSize` for each replica, but all of them together are never more than the last replica could take.",
    `\`max_wal_senders\` is at least two and \`max_replication_slots\` at least one for each replica. The defaults are enough for ${maxReplicas} replicas, so that scaling restarts nothing.`,
    "`memory` is at least 256MB and holds `shared_buffers`, 40MB for the server and 2MB for each pooled connection. One hash (`work_mem` × `hash_mem_multiplier`) and one `maintenance_work_mem` fit into what these leave.",
    "`shm` fits into what `shared_buffers` leaves, and holds one parallel hash join: `work_mem` × `hash_mem_multiplier` × (`max_parallel_workers_per_gather` + 1).",
    "Published ports do not overlap: `ports.postgres` and `ports.postgresExporter` count up from there, one for each node.",
    "`subnet` has an address for each container.",
    "Prometheus needs `exporters`, Alertmanager and Grafana need Prometheus, and a receiver has what it sends to; unused keys are refused.",
    "In `monitoring.alerts` a warning is below its critical threshold. Rules in `monitoring.rules` have names that no other alert has, and use metrics that something in the stack emits.",
    "With an engine on another machine, `bindAddress` is not a loopback address; where the servers see this machine's own address, `clientNetworks` admits it.",
    "`shared_preload_libraries` holds `pg_stat_statements`.",
    "`synchronous_standby_names` waits for fewer replicas than match it: a write continues when one is away.",
    "The names and values under `settings` are those of the declared version, as far as a table of it is known (17).",
  ];
  return items.map((item) => `- ${item}`).join("\n");
}

function extensions(): string {
  const named = imageExtensions.map((name) => {
    const needed = extensionsNeededBy(name);
    return `\`${name}\`${needed.length === 0 ? "" : ` (with ${list(needed)})`}`;
  });
  return [
    `${named.join(", ")}. What one needs is created with it. pgvector is \`vector\`.`,
    "",
    "Others, such as PostGIS, need an image of your own (`images.postgres`), preferably built like `images/postgres/Dockerfile` with one package",
    "more. Preview does not know its contents: a wrong name fails `up` with the server's message.",
  ].join("\n");
}

function list(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(", ");
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
