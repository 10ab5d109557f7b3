import { loginProbes } from "../logins.ts";
import type { LoginProbe } from "../logins.ts";
import { seen } from "../observation.ts";
import type { LoginOutcome } from "../observation.ts";
import { nodeAt } from "../../target/logins.ts";
import { withConnection } from "./connection.ts";
import type { ObserveContext } from "./context.ts";

/**
 * Whether another attempt cannot show more. A login that must be refused is settled by an answer of either kind, so
 * that a check that waits does not fill the servers' logs with wrong passwords.
 */
export function isSettled({ probe, result }: LoginOutcome): boolean {
  return result.ok || (probe.expect === "refused" && result.failure.kind === "refused");
}

/**
 * Tries each login that `earlier` has not settled. A node takes one after the other, because its `monitoring`
 * role may have few connections; the pooler takes all at once, because a route that hangs must not starve the rest.
 */
export async function observeLogins(
  context: ObserveContext,
  { refusals, earlier }: { readonly refusals: boolean; readonly earlier: readonly LoginOutcome[] },
): Promise<readonly LoginOutcome[]> {
  const settled = earlier.filter(isSettled);
  const known = new Set(settled.map(({ probe }) => probe.key));
  const open = loginProbes(context.target).filter((probe) => !known.has(probe.key) && (refusals || probe.expect === "accepted"));
  const tried = await Promise.all(
    queues(open).map(async (queue) => {
      const outcomes: LoginOutcome[] = [];
      for (const probe of queue) outcomes.push(await tryLogin(context, probe));
      return outcomes;
    }),
  );
  return [...settled, ...tried.flat()];
}

function queues(probes: readonly LoginProbe[]): readonly (readonly LoginProbe[])[] {
  const atNodes = Map.groupBy(
    probes.filter(({ place }) => place.kind === "node"),
    ({ port }) => port,
  );
  const atPooler = probes.filter(({ place }) => place.kind !== "node");
  return [...atNodes.values(), ...atPooler.map((probe) => [probe])];
}

async function tryLogin(context: ObserveContext, probe: LoginProbe): Promise<LoginOutcome> {
  const { database, user, replication } = probe;
  const login = {
    ...nodeAt(context.target, probe),
    database,
    user,
    replication,
    password: passwordOf(context, probe),
    pooled: probe.place.kind !== "node",
  };
  const result = await withConnection(context, login, async (client) => {
    if (probe.command !== undefined) await client.query(probe.command);
  });
  return { probe, result: result.ok ? seen(true) : result };
}

function passwordOf({ secrets, wrongPassword }: ObserveContext, probe: LoginProbe): string {
  return probe.password === "wrong" || probe.role === "postgres" ? wrongPassword : (secrets[probe.role] ?? wrongPassword);
}
