import type { SettingInfo } from "../postgres/settings.ts";
import { findSetting, toBaseUnit } from "../postgres/settings.ts";
import { isLowered } from "../rollout/standby-limits.ts";
import type { ImpactItem } from "./classes.ts";
import { changeText } from "./classes.ts";
import type { Declared, DeclaredNode } from "./declared.ts";
import { noWait } from "./waits.ts";

/** How a setting's change takes effect; `same` when only its spelling changes. */
export type SettingEffect = "same" | "reload" | "new-sessions" | "restart" | "restart-leader-first";

/** One setting's change on the nodes that share it. */
export interface SettingChange {
  readonly name: string;
  readonly text: string;
  readonly effect: SettingEffect;
  readonly nodes: readonly string[];
}

/** Nodes that exist before and after, in the order of the plan. */
export function keptNodes(before: Declared, after: Declared): readonly (readonly [DeclaredNode, DeclaredNode])[] {
  return after.nodes.flatMap((node) => {
    const old = before.nodes.find(({ name }) => name === node.name);
    return old === undefined ? [] : [[old, node] as const];
  });
}

/** What changes in the settings of the nodes that stay, by name; the same change on several nodes is one. */
export function settingChanges(before: Declared, after: Declared): readonly SettingChange[] {
  const major = after.fixed.postgresVersion;
  const changes = new Map<string, SettingChange & { nodes: string[] }>();
  for (const [old, node] of keptNodes(before, after)) {
    const was: Readonly<Record<string, string>> = { ...before.settings, ...old.settings };
    const is: Readonly<Record<string, string>> = { ...after.settings, ...node.settings };
    for (const name of [...new Set([...Object.keys(was), ...Object.keys(is)])].toSorted()) {
      if (was[name] === is[name]) continue;
      const key = JSON.stringify([name, was[name], is[name]]);
      const known = changes.get(key);
      if (known === undefined) changes.set(key, { ...classified(major, name, was[name], is[name]), nodes: [node.name] });
      else known.nodes.push(node.name);
    }
  }
  return [...changes.values()];
}

function classified(major: number, name: string, was: string | undefined, is: string | undefined): Omit<SettingChange, "nodes"> {
  const info = findSetting(major, name);
  return { name, text: changeText(name, shown(info, was), shown(info, is)), effect: settingEffect(major, name, was, is) };
}

/**
 * How a change of one setting takes effect on a server of this major version.
 *
 * @param was - as in postgresql.conf; undefined when it is not there and PostgreSQL's default counts
 */
export function settingEffect(major: number, name: string, was: string | undefined, is: string | undefined): SettingEffect {
  const info = findSetting(major, name);
  // A name with a dot belongs to an extension: which ones need a restart only its library knows, and few do.
  if (info === undefined) return name.includes(".") ? "reload" : "restart";
  const [from, to] = [effective(info, was), effective(info, is)];
  if (from === to) return "same";
  switch (info.context) {
    case "postmaster":
      return isLowered({ name, running: from, wanted: to }) ? "restart-leader-first" : "restart";
    case "backend":
    case "superuser-backend":
      return "new-sessions";
    default:
      return "reload";
  }
}

/** The value as the server compares it: numbers in their base unit, booleans as `on` and `off`. */
function effective(info: SettingInfo, text: string | undefined): string {
  const value = text ?? info.default ?? "";
  if (info.type === "integer" || info.type === "real") return String(toBaseUnit(info, value) ?? value);
  if (info.type === "string") return value;
  const lower = value.toLowerCase();
  if (/^(on|true|yes|1)$/.test(lower)) return "on";
  return /^(off|false|no|0)$/.test(lower) ? "off" : lower;
}

function shown(info: SettingInfo | undefined, value: string | undefined): string {
  if (value !== undefined) return value === "" ? "''" : value;
  const own = info?.default;
  return own === undefined || own === "" ? "default" : `default (${own}${info?.unit === undefined ? "" : ` ${info.unit}`})`;
}

/** What takes effect without a restart. */
export function reloadedSettings(before: Declared, after: Declared, changes: readonly SettingChange[]): readonly ImpactItem[] {
  const of = (...effects: readonly SettingEffect[]): readonly SettingChange[] => changes.filter(({ effect }) => effects.includes(effect));
  const reloaded = of("reload", "same");
  const later = of("new-sessions");
  return [
    ...(reloaded.length === 0 ? [] : [item("reload", reloaded, after, [...reloadNotes(reloaded, after), ...slotNote(before, after)])]),
    ...(later.length === 0 ? [] : [item("new-sessions", later, after, [poolerRenews(after)])]),
  ];
}

function item(kind: "reload" | "new-sessions", changes: readonly SettingChange[], after: Declared, notes: readonly string[]): ImpactItem {
  const touched = new Set(changes.flatMap(({ nodes }) => nodes));
  const nodes = after.nodes.map(({ name }) => name).filter((name) => touched.has(name));
  return { class: kind, changes: withNodes(changes, nodes), nodes, wait: noWait, notes };
}

/** The changes as text, with the nodes in front of those that not all of these nodes share. */
export function withNodes(changes: readonly Pick<SettingChange, "text" | "nodes">[], touched: readonly string[]): readonly string[] {
  return changes.map(({ text, nodes }) => {
    const here = touched.filter((name) => nodes.includes(name));
    return here.length === touched.length ? text : `${here.join(", ")}: ${text}`;
  });
}

function reloadNotes(changes: readonly SettingChange[], after: Declared): readonly string[] {
  const contexts = new Set(changes.map(({ name }) => findSetting(after.fixed.postgresVersion, name)?.context));
  const foreign = changes.some(({ name }) => findSetting(after.fixed.postgresVersion, name) === undefined);
  const same = changes.filter(({ effect }) => effect === "same");
  return [
    ...(contexts.has("user") || contexts.has("superuser")
      ? ["sessions that run take the new value too, unless they, their role or their database set their own"]
      : []),
    ...(foreign ? ["of an extension's setting only its library knows whether it needs a restart; the reload tells if it does"] : []),
    ...(same.length === 0 ? [] : [`the same value in other words: ${same.map(({ name }) => name).join(", ")}`]),
  ];
}

const slotCap = "max_slot_wal_keep_size";

function slotNote(before: Declared, after: Declared): readonly string[] {
  const info = findSetting(after.fixed.postgresVersion, slotCap);
  const [was, is] = [before.settings[slotCap], after.settings[slotCap]];
  if (info === undefined || was === undefined || is === undefined) return [];
  if ((toBaseUnit(info, is) ?? 0) >= (toBaseUnit(info, was) ?? 0)) return [];
  return [`a replica that is more than ${is} of WAL behind would have to be cloned again`];
}

function poolerRenews(after: Declared): string {
  const lifetime = after.pooler.settings["server_lifetime"];
  const within = lifetime === undefined ? "" : `, within ${lifetime} s`;
  return `sessions that run keep the old value; the pooler's take the new one as it renews them${within}`;
}
