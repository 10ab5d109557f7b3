import * as pulumi from "@pulumi/pulumi";

import { PostgresCluster } from "./components/postgres-cluster.ts";
import { forUsers } from "./components/run-error.ts";
import { loadRawConfig } from "./src/config/load.ts";
import { decodeConfig } from "./src/config/parse.ts";
import { clusterName } from "./src/plan/names.ts";

/** One cluster, declared by the stack file's keys. */
export default function program(): Record<string, unknown> {
  const stack = pulumi.getStack();
  const source = `Pulumi.${stack}.yaml`;
  const keys = forUsers(() => decodeConfig(loadRawConfig(source)));
  return { ...new PostgresCluster(clusterName, keys, { identity: stack, source }).outputs };
}
