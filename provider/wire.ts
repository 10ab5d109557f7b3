/** Values as the engine sends them: secrets wrapped, unknowns as a marker. */

const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
const signatureKey = "4dabf18193072939515e22adb298388d";
const unknownMarker = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export type Properties = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value with every secret in plain text: for use, never for output. */
export function reveal(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reveal);
  if (!isObject(value)) return value;
  if (value[signatureKey] === secretSignature) return reveal(value["value"]);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, reveal(inner)]));
}

/** Whether anything in the value is only known after another resource was created. */
export function hasUnknown(value: unknown): boolean {
  if (value === unknownMarker) return true;
  if (Array.isArray(value)) return value.some(hasUnknown);
  return isObject(value) && Object.values(value).some(hasUnknown);
}

/** Wraps a value so that the engine stores it encrypted and never prints it. */
export function conceal(value: unknown): Properties {
  return { [signatureKey]: secretSignature, value };
}

/**
 * The keys whose inputs differ from what was stored with the last create or update.
 *
 * @param ignored - keys that do not count
 */
export function changedKeys(olds: Properties, news: Properties, ignored: readonly string[] = []): readonly string[] {
  return Object.keys(news)
    .filter((key) => !ignored.includes(key))
    .filter((key) => JSON.stringify(sorted(reveal(olds[key]))) !== JSON.stringify(sorted(reveal(news[key]))));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
