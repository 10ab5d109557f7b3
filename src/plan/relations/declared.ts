import { nearest } from "../../text/nearest.ts";
import type { ClusterConfig } from "../../config/schema.ts";
import { planDatabases, shadowName } from "../declared.ts";
import { processNumbers } from "../members.ts";
import type { KeyProblem } from "./problem.ts";

/** What is wrong with declared databases and users together: equal names, unknown names, impossible limits. */
export function declaredProblems(config: ClusterConfig): readonly KeyProblem[] {
  return [
    ...nameProblems(config),
    ...ownerProblems(config),
    ...accessProblems(config),
    ...limitProblems(config),
    ...processProblems(config),
    ...removeProblems(config),
  ];
}

function nameProblems(config: ClusterConfig): KeyProblem[] {
  const { database, databases, users, appUser } = config;
  const shadows = Object.entries(databases).filter(([, { prismaShadow }]) => prismaShadow);
  return [
    ...(Object.hasOwn(databases, database)
      ? [
          taken(
            `databases.${database}`,
            `"${database}" is the first database already (pgstack:database)`,
            "remove it here, or give it another name",
          ),
        ]
      : []),
    ...(Object.hasOwn(users, appUser)
      ? [
          taken(
            `users.${appUser}`,
            `"${appUser}" is the first database's owner already (pgstack:appUser)`,
            "remove it here, or give it another name",
          ),
        ]
      : []),
    ...shadows
      .filter(([name]) => shadowName(name) === database || Object.hasOwn(databases, shadowName(name)))
      .map(([name]) =>
        taken(
          `databases.${name}.prismaShadow`,
          `its shadow database would be "${shadowName(name)}", which is declared already`,
          `rename "${shadowName(name)}", or remove prismaShadow`,
        ),
      ),
    ...shadows
      .filter(([name]) => shadowName(name).length > 63)
      .map(([name]) =>
        taken(
          `databases.${name}.prismaShadow`,
          `the name of its shadow database would be longer than 63 characters`,
          "give the database a name of at most 56 characters",
        ),
      ),
  ];
}

function taken(key: string, problem: string, fix: string): KeyProblem {
  return { key, problem, fix };
}

function ownerProblems({ databases, users, appUser }: ClusterConfig): KeyProblem[] {
  const known = [appUser, ...Object.keys(users)];
  return Object.entries(databases).flatMap(([name, { owner }]): KeyProblem[] => {
    if (owner === undefined || known.includes(owner)) return [];
    return [
      {
        key: `databases.${name}.owner`,
        problem: `"${owner}" is neither appUser nor one of users`,
        fix: `${didYouMean(owner, known)}declare it: pulumi config set --path users.${owner}.connectionLimit 20, or name one of ${known.join(", ")}`,
      },
    ];
  });
}

function didYouMean(name: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  return meant === undefined ? "" : `did you mean \`${meant}\`? Else `;
}

function accessProblems(config: ClusterConfig): KeyProblem[] {
  const { database, users } = config;
  const planned = planDatabases(config);
  const owners = new Map([[database, config.appUser], ...planned.map(({ name, owner }) => [name, owner] as const)]);
  const names = [database, ...planned.filter(({ shadowOf }) => shadowOf === undefined).map(({ name }) => name)];
  return Object.entries(users).flatMap(([user, { access }]): KeyProblem[] => {
    const entered = Object.keys(access);
    const problems = entered.flatMap((name): KeyProblem[] => {
      const key = `users.${user}.access.${name}`;
      if (!names.includes(name))
        return [{ key, problem: `there is no database "${name}"`, fix: `${didYouMean(name, names)}name one of ${names.join(", ")}` }];
      if (owners.get(name) === user) return [{ key, problem: `"${user}" owns "${name}" and may do everything in it`, fix: "remove it" }];
      return [];
    });
    if (entered.length > 0 || [...owners.values()].includes(user)) return problems;
    return [
      {
        key: `users.${user}`,
        problem: `"${user}" has access to no database`,
        fix: `give it access (pulumi config set --path users.${user}.access.${database} read), make it the owner of a database, or remove it`,
      },
    ];
  });
}

/** A limit below what the pooler opens would fail clients that could have waited. */
function limitProblems(config: ClusterConfig): KeyProblem[] {
  const processes = processNumbers(config).length;
  return Object.entries(config.databases).flatMap(([name, { connectionLimit, poolSize }]): KeyProblem[] => {
    const opened = Math.max(poolSize, processes);
    if (connectionLimit === undefined || connectionLimit >= opened) return [];
    return [
      {
        key: `databases.${name}.connectionLimit`,
        problem: `${connectionLimit} is less than the ${opened} connections of its pool`,
        fix: `use at least ${opened}${opened === poolSize ? `, or lower databases.${name}.poolSize` : ""}`,
      },
    ];
  });
}

/** Each process of the pooler opens at least one connection for a user that comes. */
function processProblems(config: ClusterConfig): KeyProblem[] {
  const processes = processNumbers(config).length;
  return Object.entries(config.users).flatMap(([name, { connectionLimit, pooled }]): KeyProblem[] => {
    if (!pooled || connectionLimit === undefined || connectionLimit >= processes) return [];
    return [
      {
        key: `users.${name}.connectionLimit`,
        problem: `${connectionLimit} is less than the ${processes} processes of the pooler, of which each needs a connection`,
        fix: `use at least ${processes}, or keep the user out of the pooler: users.${name}.pooled: false`,
      },
    ];
  });
}

/** A value that allows a removal must not exist for something that is declared: it could delete it later. */
function removeProblems(config: ClusterConfig): KeyProblem[] {
  const databases = [config.database, ...planDatabases(config).map(({ name }) => name)];
  const users = [config.appUser, ...Object.keys(config.users)];
  const still = (kind: "databases" | "users", declared: readonly string[]): KeyProblem[] =>
    Object.keys(config.remove[kind])
      .filter((name) => declared.includes(name))
      .map((name) => ({
        key: `remove.${kind}.${name}`,
        problem: `"${name}" is still declared`,
        fix: `remove this line (pulumi config rm --path remove.${kind}.${name}), or the declaration of "${name}"`,
      }));
  return [...still("databases", databases), ...still("users", users)];
}
