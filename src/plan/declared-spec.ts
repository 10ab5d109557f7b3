import type { DeclaredSpec } from "../postgres/declared.ts";
import type { ClusterPlan } from "./types.ts";

/** Declared databases and users as the leader must hold them. Without any, nothing: such a stack is what it always was. */
export function declaredSpec({ databases, users }: Pick<ClusterPlan, "databases" | "users">): DeclaredSpec {
  return {
    ...(databases.length === 0
      ? {}
      : {
          databases: databases.map(({ name, owner, extensions, schemas, connectionLimit }) => ({
            name,
            owner,
            extensions,
            schemas,
            connectionLimit,
          })),
        }),
    ...(users.length === 0 ? {} : { users: users.map(({ name, connectionLimit, access }) => ({ name, connectionLimit, access })) }),
  };
}
