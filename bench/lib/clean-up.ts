/** Ways to remove what a benchmark has made, kept until each was used: also when the run is interrupted. */
const leftovers = new Set<() => Promise<void>>();

/** Something that has to be removed whatever happens. */
export interface Removable {
  remove(): Promise<unknown>;
}

/** Uses something that was made for this measurement alone, and removes it in any case. */
export async function withRemoval<T extends Removable, R>(made: T, use: (made: T) => Promise<R>): Promise<R> {
  let removing: Promise<unknown> | undefined;
  // Once, although an interruption and the end of a measurement may both ask for it.
  const remove = async (): Promise<void> => {
    removing ??= made.remove();
    await removing;
    leftovers.delete(remove);
  };
  leftovers.add(remove);
  try {
    return await use(made);
  } finally {
    await remove();
  }
}

/** The newest first, because it may depend on an older one. */
async function removeAll(): Promise<void> {
  for (const remove of [...leftovers].toReversed()) await remove().catch((error: unknown) => console.error(error));
}

/** On Ctrl-C or `kill`: what was made goes, then the process. */
export function removeWhenInterrupted(): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      console.error(`\n${signal}: removing what this run has made`);
      void removeAll().finally(() => process.exit(130));
    });
  }
}
