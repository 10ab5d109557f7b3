import type { ClusterPlan } from "../plan/types.ts";
import { pgpass } from "../formats/escape.ts";
import type { FileSpec } from "../files/file-spec.ts";
import { plain, secret } from "../files/file-spec.ts";
import { renderTemplate } from "./template.ts";

/** Files of the exporters' volume: queries of nodes, and the `monitoring` password in the two forms that exporters read. */
export function renderExporterFiles({ stack, nodes }: ClusterPlan): readonly FileSpec[] {
  return [
    plain("queries.yaml", renderTemplate("exporters/queries.yaml", { stack, nodes: nodes.map(({ name }) => name) })),
    secret("monitoring.password", 0o400, ({ passwords }) => passwords.monitoring),
    secret("monitoring.pgpass", 0o400, ({ passwords }) => `*:*:*:monitoring:${pgpass(passwords.monitoring)}\n`),
  ];
}
