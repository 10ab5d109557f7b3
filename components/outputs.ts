import * as pulumi from "@pulumi/pulumi";

import { checkSecretsOf, checkTargetOf } from "../src/target/target.ts";
import { connectionUrls, dotenvBlock, userUrls } from "../src/outputs/urls.ts";
import { monitoringServices } from "../src/plan/monitoring.ts";
import { services } from "../src/plan/names.ts";
import type { ClusterPlan } from "../src/plan/types.ts";
import type { PlannedCluster } from "./planned-cluster.ts";

/** What a cluster has to say; outputs that contain a password are secret. */
export type ClusterOutputs = Readonly<ReturnType<typeof clusterOutputs>>;

/** The outputs of a cluster. */
export function clusterOutputs(plan: ClusterPlan, cluster: PlannedCluster) {
  const secrets = cluster.secrets.all;
  const urls = secrets.apply((clear) => connectionUrls(plan, clear));
  const { exporters, monitoring } = plan;
  return {
    writeUrl: pulumi.secret(urls.apply(({ write }) => write)),
    readUrl: pulumi.secret(urls.apply(({ read }) => read)),
    directUrl: pulumi.secret(urls.apply(({ direct }) => direct)),
    nodeUrls: pulumi.secret(urls.apply(({ nodes }) => nodes)),
    adminUrl: pulumi.secret(urls.apply(({ admin }) => admin)),
    adminUrls: pulumi.secret(urls.apply(({ consoles }) => consoles)),
    dotenv: pulumi.secret(urls.apply(dotenvBlock)),
    ...(plan.databases.length === 0 && plan.users.length === 0
      ? {}
      : { userUrls: pulumi.secret(secrets.apply((clear) => userUrls(plan, clear))) }),
    ports: {
      pooler: plan.pooler.hostPort,
      processes: Object.fromEntries(plan.pooler.processes.map(({ number, hostPort }) => [services.pgbouncer(number), hostPort])),
      nodes: Object.fromEntries(plan.nodes.map(({ name, hostPort }) => [name, hostPort])),
      ...(exporters === undefined
        ? {}
        : {
            exporters: Object.fromEntries([
              ...exporters.nodes.map(({ node, hostPort }) => [node, hostPort] as const),
              ...exporters.processes.map(({ number, hostPort }) => [services.pgbouncer(number), hostPort] as const),
            ]),
          }),
    },
    ...(monitoring === undefined
      ? {}
      : {
          monitoring: Object.fromEntries(
            monitoringServices(monitoring).map(([name, { published, hostPort }]) => [name, `http://${published.host}:${hostPort}`]),
          ),
        }),
    ...(monitoring?.grafana === undefined
      ? {}
      : { grafanaPassword: pulumi.secret(secrets.apply(({ services }) => services?.grafana ?? "")) }),
    nodes: plan.nodes.map(({ name, container, dataVolume }) => ({ name, container, dataVolume })),
    report: cluster.check.report,
    // What `./pgstack check` needs to query the cluster without reading config or state.
    check: pulumi.secret(secrets.apply((clear) => ({ target: checkTargetOf(plan), secrets: checkSecretsOf(clear) }))),
  };
}
