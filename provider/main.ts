import { main } from "@pulumi/pulumi/provider/index.js";
import type { Provider } from "@pulumi/pulumi/provider/index.js";

import type { KindName } from "../resources/schemas.ts";
import { incidental } from "../resources/schemas.ts";
import { UserError } from "../src/errors.ts";
import { engineLog } from "./engine-log.ts";
import type { Context, Kind } from "./kind.ts";
import { changes } from "./kinds/changes.ts";
import { composeBundle } from "./kinds/compose-bundle.ts";
import { configFiles } from "./kinds/config-files.ts";
import { leftovers } from "./kinds/leftovers.ts";
import { logins } from "./kinds/logins.ts";
import { network } from "./kinds/network.ts";
import { nodeReady } from "./kinds/node-ready.ts";
import { outOfService } from "./kinds/out-of-service.ts";
import { preflight } from "./kinds/preflight.ts";
import { replicationCheck } from "./kinds/replication-check.ts";
import { restarts } from "./kinds/restarts.ts";
import { roles } from "./kinds/roles.ts";
import { routes } from "./kinds/routes.ts";
import type { Properties } from "./wire.ts";
import { changedKeys, conceal, hasUnknown, reveal } from "./wire.ts";

const kinds: Readonly<Record<KindName, Kind>> = {
  Preflight: preflight,
  Network: network,
  ConfigFiles: configFiles,
  Routes: routes,
  OutOfService: outOfService,
  NodeReady: nodeReady,
  Restarts: restarts,
  Logins: logins,
  Roles: roles,
  Leftovers: leftovers,
  ReplicationCheck: replicationCheck,
  ComposeBundle: composeBundle,
  Changes: changes,
};

const log = engineLog(process.argv[2] ?? "");
const cancelled = new AbortController();

function kindNameOf(urn: string): KindName {
  const type = urn.split("::")[2]?.split("$").at(-1) ?? "";
  const name = type.replace(/^pgstack:index:/, "");
  if (!Object.hasOwn(kinds, name)) throw new Error(`unknown resource type ${type}`);
  return name as KindName;
}

function kindOf(urn: string): Kind {
  return kinds[kindNameOf(urn)];
}

function contextOf(urn: string): Context {
  return {
    signal: cancelled.signal,
    log: (severity, message) => log(urn, severity, message, false),
    status: (message) => log(urn, "info", message, true),
  };
}

const clear = (properties: unknown): Properties => reveal(properties) as Properties;

/** Runs one operation; of a user's mistake and a cancelled wait only the message reaches the engine. */
async function run<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (cancelled.signal.aborted) throw plain("cancelled");
    throw error instanceof UserError ? plain(error.message) : error;
  }
}

function plain(message: string): Error {
  const error = new Error(message);
  error.stack = message;
  return error;
}

/** Tells the engine that a resource exists but is not as declared: it keeps these properties, and updates it next time. */
function halfDone(id: string, properties: Properties, reason: string): Error {
  return Object.assign(plain(reason), { id, properties, reasons: [reason] });
}

function withOutputs(kind: Kind, inputs: Properties, outputs: Properties): Properties {
  const hidden = kind.secretOutputs ?? [];
  // The wire knows no `undefined`; JSON leaves such fields out.
  const plainOutputs = JSON.parse(JSON.stringify(outputs)) as Properties;
  return {
    ...inputs,
    ...Object.fromEntries(Object.entries(plainOutputs).map(([key, value]) => [key, hidden.includes(key) ? conceal(value) : value])),
  };
}

const provider: Provider = {
  version: "0.1.0",

  check: (urn, olds: Properties, news: Properties) =>
    run(async () => {
      const kind = kindOf(urn);
      if (kind.check === undefined || hasUnknown(news)) return { inputs: news };
      const reasons = await kind.check(contextOf(urn), Object.keys(olds).length === 0 ? undefined : clear(olds), clear(news));
      // No property name: the engine would print that property's value in plain text, secret or not.
      return { inputs: news, failures: reasons.map((reason) => ({ property: "", reason })) };
    }),

  // Never `replaces`: what a gate or a file belongs to is not created again.
  diff: (_id, urn, olds: Properties, news: Properties) =>
    run(async () => {
      const name = kindNameOf(urn);
      if (changedKeys(olds, news, incidental[name]).length > 0) return { changes: true };
      return { changes: (await kinds[name].needsWork?.(contextOf(urn), clear(olds), clear(news))) ?? false };
    }),

  create: (urn, inputs: Properties) =>
    run(async () => {
      const kind = kindOf(urn);
      const outputs = await kind.apply(contextOf(urn), clear(inputs), undefined);
      return { id: urn.split("::").at(-1) ?? urn, outs: withOutputs(kind, inputs, outputs) };
    }),

  update: async (id, urn, olds: Properties, news: Properties) => {
    const kind = kindOf(urn);
    try {
      return await run(async () => ({ outs: withOutputs(kind, news, await kind.apply(contextOf(urn), clear(news), clear(olds))) }));
    } catch (error) {
      if (kind.failed === undefined) throw error;
      throw halfDone(id, withOutputs(kind, news, kind.failed), (error as Error).message);
    }
  },

  read: (id, urn, stored: Properties = {}) =>
    run(async () => {
      const kind = kindOf(urn);
      if (kind.read === undefined) return { id, props: stored };
      const outputs = await kind.read(contextOf(urn), clear(stored));
      return outputs === undefined ? { id: "", props: {} } : { id, props: withOutputs(kind, stored, outputs) };
    }),

  delete: (_id, urn, stored: Properties) =>
    run(async () => {
      await kindOf(urn).remove?.(contextOf(urn), clear(stored));
    }),

  cancel: () => {
    cancelled.abort();
    return Promise.resolve();
  },
};

// The engine ends every run with SIGINT; a plugin that lingers is reported as broken.
process.on("SIGINT", () => process.exit(0));

await main(provider, process.argv.slice(2));
