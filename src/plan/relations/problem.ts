/** A problem under a key of the stack file; the caller adds the file's name. */
export interface KeyProblem {
  /** Key without the namespace, e.g. `pooler.poolSize`. */
  readonly key: string;
  readonly problem: string;
  readonly fix: string;
}

/** The last value of each setting in the order in which PostgreSQL would read them. */
export type EffectiveSettings = ReadonlyMap<string, string>;
