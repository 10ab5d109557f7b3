import { z } from "zod";

import { connectEngine } from "../../src/engine/connect.ts";
import { parseInputs } from "../inputs.ts";
import type { Kind } from "../kind.ts";
import { poolerInputs } from "../service/access.ts";
import { loginsWorld } from "../service/logins-world.ts";
import { switchLogins } from "../service/logins.ts";
import { poolerNow } from "../service/published.ts";

const inputs = z.object({
  host: z.string(),
  leader: z.string(),
  replicas: z.array(z.string()),
  pooler: poolerInputs,
  verifiers: z.record(z.string(), z.string()),
  userlist: z.string(),
  users: z.record(z.string(), z.object({ password: z.string(), routes: z.array(z.string()) })),
});

/**
 * Passwords of a running cluster: before anything else, so that later resources log in with the new ones. It compares with the
 * servers and the pooler, not with its old inputs, so that a run continues where an interrupted one ended.
 */
export const logins: Kind = {
  apply: async (context, properties) => {
    const { host, ...wanted } = parseInputs(inputs, properties);
    const engine = await connectEngine(host);
    const pooler = await poolerNow(engine, wanted.pooler);
    const switched = await switchLogins(context, loginsWorld(context, engine, pooler), { ...wanted, pooler });
    if (switched.length > 0) context.log("info", `new password or salt: ${switched.join(", ")}`);
    return {};
  },
};
