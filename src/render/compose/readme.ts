import type { ClusterPlan } from "../../plan/types.ts";
import { passwordsPath } from "./names.ts";

/** A few lines on what to do with a bundle. */
export function readme({ stack, pooler, database, engine }: ClusterPlan): string {
  return `# The stack ${stack} as a bundle

Rendered by pgstack. Do not edit: changes are overwritten. It needs Docker with Compose and nothing else; it is not the stack that
Pulumi deploys: volumes, network and names are its own, ports and subnet are the same, so run one of the two.

- Start: \`docker compose up -d --wait\`. It returns when every node plays its role. The pooler is at
  ${engine.accessHost}:${pooler.hostPort}: \`${database.writeRoute}\` for writes, \`${database.readRoute}\` for reads.
- Check: \`./pgstack check --bundle <this folder>\`, in a checkout of pgstack.
- Scale or change: set \`replicas\` or another key in \`Pulumi.${stack}.yaml\`, then
  \`./pgstack render --stack ${stack} --out <this folder>\` and \`docker compose up -d --wait\`. After scaling down also
  \`docker compose up -d --wait --remove-orphans\`: the first takes the node out of the read route, the second removes it. Its data
  volume stays.
- What happened: \`docker compose logs setup\`, \`docker compose logs pg1\`. A start that fails has a line FAILED there, with what to do.
- Settings that wait for a restart: setup fails until they are in effect, and names the nodes to restart in their order.
- Another node leads than before (\`select pg_promote()\` on a replica while the leader is down): writes go to it and replicas follow it from the
  next start on. The routes of the pooler are kept: a node that was drained stays out.
- When setup fails because a node does not accept its files: that node goes on with the old ones, but would not start with the new ones, which
  a bundle does not try first. Correct the stack file, render and start again before anything restarts it.
- Stop: \`docker compose down\`. The data stays in its volumes; \`docker compose down --volumes\` deletes it.
- Secrets: \`${passwordsPath}\` and the other files below \`secrets/\`, and \`check.json\`. They are readable by their owner alone: keep
  it so, and keep them out of version control. Rendering again keeps the passwords.
`;
}
