/**
 * What the code uses of newer Nodes and Debian's Node 20 lacks. Every program that runs in a container adds it before it does anything
 * else; a test compares the programs with this list.
 */
const missing = {
  withResolvers: <T>(): PromiseWithResolvers<T> => {
    let resolve: PromiseWithResolvers<T>["resolve"] = () => undefined;
    let reject: PromiseWithResolvers<T>["reject"] = () => undefined;
    const promise = new Promise<T>((fulfil, refuse) => {
      resolve = fulfil;
      reject = refuse;
    });
    return { promise, resolve, reject };
  },

  groupBy: <K, T>(items: Iterable<T>, keyOf: (item: T, index: number) => K): Map<K, T[]> => {
    const groups = new Map<K, T[]>();
    let index = 0;
    for (const item of items) {
      const key = keyOf(item, index);
      groups.set(key, [...(groups.get(key) ?? []), item]);
      index += 1;
    }
    return groups;
  },
};

/** Names of what is added, as the code spells them. */
export const added: readonly string[] = ["Promise.withResolvers", "Map.groupBy"];

/** Adds what a Node lacks, and changes nothing that it has. */
export function addMissing(promise: object = Promise, map: object = Map): void {
  if (!("withResolvers" in promise)) Object.defineProperty(promise, "withResolvers", { value: missing.withResolvers });
  if (!("groupBy" in map)) Object.defineProperty(map, "groupBy", { value: missing.groupBy });
}
