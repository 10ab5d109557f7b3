import { extensionsNeededBy } from "../postgres/image-contents.ts";
import { processesOf } from "./pooler.ts";
import type { ImpactItem } from "./classes.ts";
import { changeText } from "./classes.ts";
import type { Declared } from "./declared.ts";
import { noWait } from "./waits.ts";

/** Databases, roles, extensions: SQL on the leader, which reaches the replicas with the WAL. */
export function roleChanges(before: Declared, after: Declared, leader: string): readonly ImpactItem[] {
  const keys = [...new Set([...Object.keys(before.roles), ...Object.keys(after.roles)])].toSorted();
  const changed = keys.map((key) => changeOf(key, before.roles[key], after.roles[key])).filter((change) => change !== undefined);
  return [
    ...(changed.length === 0
      ? []
      : [
          {
            class: "no-effect",
            changes: changed.flatMap(({ texts }) => texts),
            nodes: [leader],
            wait: noWait,
            notes: changed.flatMap(({ note }) => (note === undefined ? [] : [note])),
          } as const,
        ]),
    ...verifierChange(before, after, leader),
  ];
}

interface RoleChange {
  readonly texts: readonly string[];
  readonly note?: string;
}

function changeOf(key: string, was: unknown, is: unknown): RoleChange | undefined {
  if (JSON.stringify(was) === JSON.stringify(is)) return undefined;
  switch (key) {
    case "database":
      return {
        texts: [text(key, was, is)],
        note: "the database that was declared stays on the servers with its data; the new one is made, empty, if it is not there",
      };
    case "owner":
      return { texts: [text("appUser", was, is)], note: "the role that was declared stays" };
    case "extensions":
      return extensionChange(listOf(was), listOf(is));
    case "monitoringConnections":
      return { texts: [text("connection limit of monitoring", was, is)] };
    default:
      return listChange(key, listTexts(key, was, is));
  }
}

function listChange(key: string, texts: readonly string[]): RoleChange {
  const isLess = texts.some((one) => one.endsWith("no longer declared"));
  return {
    texts,
    ...(isLess ? { note: `of ${key} that are no longer declared, what is removed is what \`remove\` names; its sessions end` } : {}),
  };
}

/** Lists of things with names: databases, users, and what else a version may declare. */
function listTexts(key: string, was: unknown, is: unknown): readonly string[] {
  const [old, wanted] = [byName(was), byName(is)];
  if (old === undefined || wanted === undefined) return [`${key} changed`];
  const names = [...new Set([...old.keys(), ...wanted.keys()])].toSorted().filter((name) => old.get(name) !== wanted.get(name));
  const how = (name: string): string => (old.has(name) ? (wanted.has(name) ? "changed" : "no longer declared") : "added");
  return names.length === 0 ? [`order of ${key}`] : names.map((name) => `${key}: ${name} ${how(name)}`);
}

/** Name → the whole as text; undefined when the value is no list of such things. */
function byName(value: unknown): ReadonlyMap<string, string> | undefined {
  if (value === undefined) return new Map();
  if (!Array.isArray(value)) return undefined;
  const named = (value as readonly unknown[]).map(
    (one) => [(one as { readonly name?: unknown } | null)?.name, JSON.stringify(one)] as const,
  );
  return named.every(([name]) => typeof name === "string") ? new Map(named as readonly (readonly [string, string])[]) : undefined;
}

function extensionChange(was: readonly string[], is: readonly string[]): RoleChange {
  const added = is.filter((name) => !was.includes(name));
  const removed = was.filter((name) => !is.includes(name));
  const withNeeded = (name: string): string => {
    const needed = extensionsNeededBy(name).filter((other) => !is.includes(other));
    return needed.length === 0 ? "" : ` (with ${needed.join(", ")}, which it needs)`;
  };
  const texts = [
    ...added.map((name) => `extension ${name} added${withNeeded(name)}`),
    ...removed.map((name) => `extension ${name} no longer declared`),
  ];
  return {
    texts: texts.length === 0 ? ["order of extensions"] : texts,
    ...(removed.length === 0 ? {} : { note: `nothing is dropped: ${removed.join(", ")} stays in the database` }),
  };
}

function verifierChange(before: Declared, after: Declared, leader: string): readonly ImpactItem[] {
  const keys = (["scramIterations", "scramSalt"] as const).filter((key) => before[key] !== after[key]);
  if (keys.length === 0) return [];
  return [
    {
      class: "new-sessions",
      changes: keys.map((key) => text(key, before[key], after[key])),
      nodes: [leader, ...processesOf(after)],
      wait: noWait,
      notes: ["passwords stay; roles and pooler get new verifiers"],
    },
  ];
}

function text(name: string, was: unknown, is: unknown): string {
  const shown = (value: unknown): string | undefined => (typeof value === "string" ? value : JSON.stringify(value));
  return changeText(name, shown(was), shown(is));
}

function listOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
