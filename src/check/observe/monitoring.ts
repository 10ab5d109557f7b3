import { z } from "zod";

import { fetchText } from "../../http.ts";
import { failed, seen } from "../observation.ts";
import type { DownTarget, MonitoringObservation, Observed, PrometheusFacts } from "../observation.ts";
import { processNumber } from "../../plan/names.ts";
import type { CheckMonitoring, CheckService } from "../../target/target.ts";
import { remainingMs } from "./context.ts";
import type { ObserveContext } from "./context.ts";
import { failureOf, outOfTime } from "./failure.ts";

const targetsSchema = z.object({
  data: z.object({
    activeTargets: z.array(
      z.object({ labels: z.record(z.string(), z.string()), health: z.string(), lastError: z.string(), scrapeInterval: z.string() }),
    ),
  }),
});

const vectorSchema = z.object({ data: z.object({ result: z.array(z.object({ value: z.tuple([z.number(), z.string()]) })) }) });

type Target = z.infer<typeof targetsSchema>["data"]["activeTargets"][number];

const rulesSchema = z.object({
  data: z.object({
    groups: z.array(z.object({ rules: z.array(z.object({ name: z.string(), health: z.string(), lastError: z.string().optional() })) })),
  }),
});

/** Asks Prometheus whether it reads all of its targets and can evaluate its rules, and the others whether they serve. */
export async function observeMonitoring(context: ObserveContext, monitoring: CheckMonitoring): Promise<MonitoringObservation> {
  const { prometheus, alertmanager, grafana } = monitoring;
  const [facts, alertmanagerSeen, grafanaSeen] = await Promise.all([
    observePrometheus(context, prometheus),
    alertmanager === undefined ? undefined : ask(context, alertmanager, "/-/ready", () => true as const),
    grafana === undefined ? undefined : ask(context, grafana, "/api/health", () => true as const),
  ]);
  return {
    prometheus: facts,
    ...(alertmanagerSeen === undefined ? {} : { alertmanager: alertmanagerSeen }),
    ...(grafanaSeen === undefined ? {} : { grafana: grafanaSeen }),
  };
}

async function observePrometheus(context: ObserveContext, service: CheckService): Promise<Observed<PrometheusFacts>> {
  const [targets, rules] = await Promise.all([
    ask(context, service, "/api/v1/targets?state=active", (text) => targetsSchema.parse(JSON.parse(text))),
    ask(context, service, "/api/v1/rules", (text) => rulesSchema.parse(JSON.parse(text))),
  ]);
  if (!targets.ok) return targets;
  if (!rules.ok) return rules;
  // A target that was never read yet is `unknown`: nothing is wrong with it so far.
  const down = targets.value.data.activeTargets.filter(({ health }) => health === "down");
  return seen({
    downTargets: (await Promise.all(down.map((target) => downTwice(context, service, target)))).flat(),
    brokenRules: rules.value.data.groups
      .flatMap((group) => group.rules)
      .filter(({ health }) => health === "err")
      .map(({ name, lastError = "" }) => ({ name, error: lastError })),
  });
}

/**
 * The target if the reading before the last one failed too. A single failure may be an exporter that was just starting, and
 * the next may be a minute away.
 */
async function downTwice(context: ObserveContext, service: CheckService, target: Target): Promise<readonly DownTarget[]> {
  const { labels, lastError: error, scrapeInterval } = target;
  const { job = "", instance = "", node, process: name } = labels;
  const process = name === undefined ? undefined : processNumber(name);
  const last = `up{job=${JSON.stringify(job)},instance=${JSON.stringify(instance)}}`;
  const before = `${last} offset ${scrapeInterval}`;
  const query = encodeURIComponent(`timestamp(${before}) and ${before} == 0 and ${last} == 0`);
  const answer = await ask(context, service, `/api/v1/query?query=${query}`, (text) => vectorSchema.parse(JSON.parse(text)));
  // What it does not want to say is no reason to hide what it has said.
  if (!answer.ok) return [{ job, node, process, error }];
  return answer.value.data.result.map(({ value: [, since] }) => ({ job, node, process, error, since: Number(since) }));
}

async function ask<T>(
  context: ObserveContext,
  { host, port }: CheckService,
  path: string,
  read: (text: string) => T,
): Promise<Observed<T>> {
  if (context.signal.aborted || remainingMs(context) === 0) return failed(outOfTime);
  const timeout = AbortSignal.timeout(remainingMs(context));
  try {
    const signal = AbortSignal.any([context.signal, timeout]);
    return seen(read(await fetchText({ host, port }, path, { signal })));
  } catch (error) {
    return failed(timeout.aborted ? outOfTime : failureOf(error, context.secrets));
  }
}
