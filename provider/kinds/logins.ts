import { loginsInputs } from "../../resources/logins.ts";
import { connectEngine } from "../../src/engine/connect.ts";
import { parseInputs } from "../inputs.ts";
import type { Kind } from "../kind.ts";
import { findLeader } from "../topology.ts";
import { loginsWorld } from "../service/logins-world.ts";
import { switchLogins } from "../service/logins.ts";
import { poolerNow } from "../service/published.ts";

/**
 * Passwords of a running cluster: before anything else, so that later resources log in with the new ones. It compares with the
 * servers and the pooler, not with its old loginsInputs, so that a run continues where an interrupted one ended.
 */
export const logins: Kind = {
  apply: async (context, properties) => {
    const { host, prefix, ...wanted } = parseInputs(loginsInputs, properties);
    const engine = await connectEngine(host);
    const { leader, members } = await findLeader(context, { engine, prefix });
    // Its gate reports what is wrong with it, and `Roles` sets the passwords later.
    if (leader === undefined) return {};
    const pooler = await poolerNow(engine, wanted.pooler);
    const switched = await switchLogins(context, loginsWorld(context, engine, pooler), {
      ...wanted,
      pooler,
      leader: leader.container,
      replicas: members.filter(({ name }) => name !== leader.name).map(({ container }) => container),
    });
    if (switched.length > 0) context.log("info", `new password or salt: ${switched.join(", ")}`);
    return {};
  },
};
