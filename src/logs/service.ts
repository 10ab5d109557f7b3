import type { CheckTarget } from "../target/target.ts";
import { services } from "../plan/names.ts";

/** A container with a log. */
export interface LoggedService {
  /** Name without project and stack: `pg1`, `pooler`. */
  readonly name: string;
  readonly container: string;
}

/** Everything of a cluster that writes a log: nodes, pooler, exporters, monitoring. */
export function loggedServices({ nodes, processes, exporters, monitoring }: CheckTarget): readonly LoggedService[] {
  return [
    ...nodes.map(({ name, container }) => ({ name, container })),
    ...processes.map(({ number, container }) => ({ name: services.pgbouncer(number), container })),
    ...(exporters === undefined
      ? []
      : [
          ...exporters.nodes.map(({ node, container }) => ({ name: services.nodeExporter(node), container })),
          ...exporters.processes.map(({ number, container }) => ({ name: services.processExporter(number), container })),
        ]),
    ...(["prometheus", "alertmanager", "grafana"] as const).flatMap((name) => {
      const container = monitoring?.[name]?.container;
      return container === undefined ? [] : [{ name, container }];
    }),
  ];
}
