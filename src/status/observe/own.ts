import type { Client } from "pg";

import type { SeenNode } from "../observation.ts";

type OwnFacts = Pick<SeenNode, "heartbeatSeconds" | "disk">;

/** Asked first: a cluster of an older version has none of it, and an error would be in the server's log at each look. */
const thereQuery = `
select coalesce(has_table_privilege(to_regclass('pgstack.beat'), 'select'), false) as beat,
       coalesce(has_function_privilege(to_regprocedure('pgstack.disk()'), 'execute'), false) as disk`;

const beatQuery = "select greatest(extract(epoch from clock_timestamp() - at), 0)::float8 as seconds from pgstack.beat";

const diskQuery = `select size_bytes::float8 as "sizeBytes", free_bytes::float8 as "freeBytes" from pgstack.disk()`;

/** Data from the schema `pgstack`: the age of the leader's last heartbeat, and the space on the data volume. */
export async function observeOwn(client: Client): Promise<OwnFacts> {
  const { rows } = await client.query<{ beat: boolean; disk: boolean }>(thereQuery);
  const [there] = rows;
  const beat = there?.beat === true ? await firstOf<{ seconds: number }>(client, beatQuery) : undefined;
  const disk = there?.disk === true ? await firstOf<NonNullable<OwnFacts["disk"]>>(client, diskQuery) : undefined;
  return { heartbeatSeconds: beat?.seconds ?? null, disk: disk ?? null };
}

/** A figure that cannot be read is missing; it does not take the node's other figures with it. */
async function firstOf<Row extends object>(client: Client, sql: string): Promise<Row | undefined> {
  try {
    return (await client.query<Row>(sql)).rows[0];
  } catch {
    return undefined;
  }
}
