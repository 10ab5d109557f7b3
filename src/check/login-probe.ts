import { readRouteName } from "../read-route.ts";
import { services } from "../plan/names.ts";
import type { PasswordRole } from "../plan/types.ts";
import type { CheckTarget, UserRole } from "../target/target.ts";

/** Where something is seen: a node, a route of the pooler, or the pooler's own console. */
export type Place =
  | { readonly kind: "node"; readonly node: string }
  | {
      readonly kind: "route";
      readonly route: "write" | "read";
      /** @default the first database */
      readonly database?: string;
      /** @default whichever process the port that clients use leads to */
      readonly process?: number;
    }
  | { readonly kind: "console"; readonly process: number };

/** One attempt to log in, and what must come of it. */
export interface LoginProbe {
  /** Stable and unique, and the words of a finding: `app at pg2`. */
  readonly key: string;
  /** Whose password is used; `postgres` has none. */
  readonly role: PasswordRole | UserRole | "postgres";
  /** Name of the role in PostgreSQL. */
  readonly user: string;
  readonly place: Place;
  readonly port: number;
  readonly database: string;
  /** Asks for a replication connection. */
  readonly replication: boolean;
  readonly password: "own" | "wrong";
  /** Run after the login; a refusal of it counts as a refusal. */
  readonly command: string | undefined;
  readonly expect: "accepted" | "refused";
}

/** Where a place is, in words. */
export function placeText(place: Place, target: CheckTarget): string {
  switch (place.kind) {
    case "node":
      return place.node;
    case "route":
      return place.route === "write" ? `write route ${routeName(place, target)}` : `read route ${routeName(place, target)}`;
    case "console":
      return `the console of ${services.pgbouncer(place.process)}`;
  }
}

/** The pooler's database of a route. */
export function routeName({ route, database }: Extract<Place, { kind: "route" }>, target: CheckTarget): string {
  if (database === undefined) return route === "write" ? target.writeRoute : target.readRoute;
  return route === "write" ? database : readRouteName(database);
}

export type Login = Omit<LoginProbe, "key" | "expect">;

export function login(role: LoginProbe["role"], user: string, database: string): Omit<Login, "place" | "port"> {
  return { role, user, database, replication: false, password: "own", command: undefined };
}

export function accepted(key: string, attempt: Login): LoginProbe {
  return { key, ...attempt, expect: "accepted" };
}

export function refused(key: string, attempt: Login): LoginProbe {
  return { key, ...attempt, expect: "refused" };
}
