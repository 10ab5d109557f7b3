import { readFileSync } from "node:fs";
import { join } from "node:path";

import { maxReplicas } from "../config/schema.ts";
import { entriesOf } from "../plan/declared.ts";
import { nodePort } from "../plan/endpoints.ts";
import { nodeName } from "../plan/names.ts";
import { walReceiverLogin } from "../plan/nodes.ts";
import type { ClusterPlan, NodePlan, SettingPlan } from "../plan/types.ts";
import { standbyLimits } from "../rollout/standby-limits.ts";
import { libpqLogin } from "../postgres/endpoint.ts";
import { pgpass } from "../formats/escape.ts";
import type { FileSpec } from "../files/file-spec.ts";
import { plain, secret } from "../files/file-spec.ts";
import { renderTemplate, templatesFolder } from "./template.ts";
import type { HbaRuleData } from "./templates.ts";

/** Files of a node's config volume. */
export function renderNodeFiles(plan: ClusterPlan, node: NodePlan): readonly FileSpec[] {
  return [
    plain(
      "postgresql.conf",
      renderTemplate("postgres/postgresql.conf", { stack: plan.stack, node: node.name, sections: sectionsOf(node.settings) }),
    ),
    plain("pg_hba.conf", renderTemplate("postgres/pg_hba.conf", { stack: plan.stack, rules: hbaRules(plan) })),
    plain("pg_ident.conf", renderTemplate("postgres/pg_ident.conf", { stack: plan.stack })),
    plain("node.env", renderTemplate("postgres/node.env", nodeEnvironment(plan, node))),
    copied("node.sh"),
    copied("heartbeat.pl"),
    secret("replicator.pgpass", 0o400, ({ passwords }) => `*:${nodePort}:*:replicator:${pgpass(passwords.replicator)}\n`),
  ];
}

/** A script, as it is. */
function copied(name: string): FileSpec {
  return plain(name, readFileSync(join(templatesFolder, "postgres", name), "utf8"));
}

function sectionsOf(settings: readonly SettingPlan[]): { title: string; settings: { name: string; value: string; comment: string }[] }[] {
  return [...Map.groupBy(settings, ({ section }) => section)].map(([title, of]) => ({
    title,
    settings: of.map(({ name, value, why }) => ({ name, value, comment: why })),
  }));
}

/** Who may come from where; the same on every node, so that a promotion changes nothing. */
function hbaRules(plan: ClusterPlan): readonly HbaRuleData[] {
  const { database, network } = plan;
  const admit = (of: Pick<HbaRuleData, "database" | "user" | "comment">): readonly HbaRuleData[] =>
    [network.subnet, ...network.clients].map((address) => ({ type: "host", ...of, address, method: "scram-sha-256" }));
  return [
    { type: "local", database: "all", user: "postgres", method: "peer", comment: "the superuser, inside the container alone" },
    ...admit({ database: "replication", user: "replicator", comment: "replicas" }),
    ...admit({ database: database.name, user: database.owner, comment: "the application, mostly through the pooler" }),
    ...declaredEntries(plan).flatMap(admit),
    ...admit({ database: "all", user: "monitoring", comment: "exporters and the check" }),
    { type: "local", database: "all", user: "all", method: "reject" },
    { type: "host", database: "all", user: "all", address: "all", method: "reject", comment: "no other client, whatever the address" },
    { type: "host", database: "replication", user: "all", address: "all", method: "reject", comment: "`all` does not mean replication" },
  ];
}

/** Declared databases and users, each user where it has business; without the first database's owner there, who comes first. */
function declaredEntries(plan: ClusterPlan): readonly Pick<HbaRuleData, "database" | "user" | "comment">[] {
  const roles = [plan.database.owner, ...plan.users.map(({ name }) => name)];
  return roles.flatMap((user) =>
    entriesOf(plan, user)
      .filter(({ database }) => user !== plan.database.owner || database !== plan.database.name)
      .map(({ database, right }) => ({ database, user, comment: right === "owner" ? "its owner" : `may ${right}` })),
  );
}

/** What the start script needs to know; see templates/postgres/node.sh. */
function nodeEnvironment(
  plan: ClusterPlan,
  node: NodePlan,
): {
  stack: string;
  node: string;
  major: number;
  firstNode: string;
  peers: string;
  conninfo: string;
  replicator: string;
  standbyLimits: string;
  dataVolume: string;
  localeOptions: string;
} {
  return {
    stack: plan.stack,
    node: node.name,
    major: plan.major,
    firstNode: plan.firstNode,
    peers: peersOf(node).join(" "),
    conninfo: walReceiverLogin(node),
    replicator: libpqLogin({ port: nodePort, user: "replicator" }),
    standbyLimits: Object.entries(standbyLimits(node))
      .map(([name, value]) => `${name}=${value}`)
      .join(" "),
    dataVolume: node.dataVolume,
    localeOptions: localeOptions(plan.locale, plan.major),
  };
}

/** Every name that another node can have, so that a further replica changes no other node's file. */
function peersOf({ name }: NodePlan): readonly string[] {
  return Array.from({ length: maxReplicas + 1 }, (_, at) => nodeName(at + 1)).filter((other) => other !== name);
}

/**
 * initdb's locale options. C.UTF-8 comes from PostgreSQL itself where it can (17 and later), so that no libc update ever
 * changes an index; language tags use ICU.
 */
function localeOptions(locale: string, major: number): string {
  if (locale !== "C.UTF-8") return `--locale=C.UTF-8 --locale-provider=icu --icu-locale=${locale}`;
  return major >= 17 ? "--locale=C.UTF-8 --locale-provider=builtin --builtin-locale=C.UTF-8" : "--locale=C.UTF-8";
}
