/**
 * Gives an option that may stand without a value its usual one: `--watch --json` becomes `--watch=2 --json`. What follows
 * counts as its value when it begins with a digit.
 */
export function withUsualValue(args: readonly string[], option: string, usual: string): readonly string[] {
  return args.map((arg, index) => (arg === option && !/^\d/.test(args[index + 1] ?? "") ? `${option}=${usual}` : arg));
}
