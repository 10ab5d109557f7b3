import { formatMemory } from "../text/units.ts";
import { changeText } from "./classes.ts";
import type { DeclaredContainer } from "./declared.ts";

/** What is different about one container. */
export interface ContainerChanges {
  /** Docker makes a new container for these. */
  readonly replacing: readonly string[];
  /** Docker changes these on the running one. */
  readonly inPlace: readonly string[];
}

type Field = keyof DeclaredContainer;

const names: Readonly<Record<Field, string>> = {
  image: "image",
  memoryMb: "memory limit",
  shmMb: "size of /dev/shm",
  cpus: "CPU limit",
  nofile: "open files",
  address: "address in the network",
  port: "published port",
  mounts: "mounts",
  command: "start command",
  environment: "environment",
  hardening: "hardening, health probe or stop behaviour",
};

/** Parts that are stored as hashes, which mean nothing to users. */
const hashed: ReadonlySet<Field> = new Set(["command", "environment", "hardening"]);

export function containerChanges(before: DeclaredContainer, after: DeclaredContainer): ContainerChanges {
  const changed = (Object.keys(names) as Field[]).filter((field) => shown(before, field) !== shown(after, field));
  const text = (field: Field): string =>
    hashed.has(field) ? `${names[field]} changed` : changeText(names[field], shown(before, field), shown(after, field));
  const isInPlace = (field: Field): boolean => field === "memoryMb";
  return { replacing: changed.filter((field) => !isInPlace(field)).map(text), inPlace: changed.filter(isInPlace).map(text) };
}

function shown(container: DeclaredContainer, field: Field): string | undefined {
  const value = container[field];
  if (value === undefined) return undefined;
  if (field === "memoryMb" || field === "shmMb") return formatMemory(Number(value) * 1024);
  return Array.isArray(value) ? value.join(", ") : String(value);
}
