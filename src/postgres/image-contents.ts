import contents from "../../images/postgres/contents.json" with { type: "json" };
import { nearest } from "../text/nearest.ts";

/**
 * What the PostgreSQL image that pgstack builds offers a server, as one in it says; `scripts/postgres-image/generate.sh` writes
 * the list. An image of the user's own may have more or less: nothing here binds it.
 */

const areas: readonly (readonly [area: string, names: readonly string[]])[] = Object.entries(contents.timezones);

/** Shorter words are a few letters away from many others. */
const shortest = 4;

/** Names of time zones, spelled as in the image (`pg_timezone_names`). */
export const imageTimezones: readonly string[] = areas.flatMap(([area, names]) =>
  names.map((name) => (area === "" ? name : `${area}/${name}`)),
);

/** PostgreSQL looks zones up without regard to case, and then calls them as the image does. */
const timezonesByLowerCase: ReadonlyMap<string, string> = new Map(imageTimezones.map((name) => [name.toLowerCase(), name]));

/** The image's spelling of a time zone; undefined when it has none of this name. */
export function findTimezone(name: string): string | undefined {
  return timezonesByLowerCase.get(name.toLowerCase());
}

const extensions = new Map<string, readonly string[]>(Object.entries(contents.extensions));

/** Names of extensions that a database can have. */
export const imageExtensions: readonly string[] = [...extensions.keys()];

/** Extensions that one needs, and those that they need; none for an extension that is not in the image. */
export function extensionsNeededBy(name: string): readonly string[] {
  const direct = extensions.get(name) ?? [];
  return [...new Set(direct.flatMap((needed) => [...extensionsNeededBy(needed), needed]))];
}

/** What people call an extension that has another name. */
const extensionAliases: Readonly<Record<string, string>> = { pgvector: "vector", pg_vector: "vector", uuid: "uuid-ossp" };

/** The extension that a wrong name probably means. */
export function nearExtension(name: string): string | undefined {
  if (Object.hasOwn(extensionAliases, name)) return extensionAliases[name];
  if (extensions.has(`pg_${name}`)) return `pg_${name}`;
  return name.length < shortest ? undefined : nearest(name, imageExtensions);
}

/** `America/Argentina/Ushuaia` → `America/Argentina/` and `Ushuaia`. */
const areaOf = (name: string): string => name.slice(0, name.lastIndexOf("/") + 1);
const placeOf = (name: string): string => name.slice(name.lastIndexOf("/") + 1);

/** The time zone that a wrong name probably means: a near place in its area, or the place in another one. */
export function nearTimezone(given: string): string | undefined {
  const name = given.trim().replaceAll(" ", "_").toLowerCase();
  const [area, place] = [areaOf(name), placeOf(name)];
  return (
    findTimezone(name) ??
    nearPlace(place, zonesIn(area)) ??
    elsewhere(place) ??
    (area === "" ? nearPlace(place, imageTimezones) : undefined)
  );
}

function zonesIn(area: string): readonly string[] {
  return imageTimezones.filter((zone) => areaOf(zone).toLowerCase() === area);
}

function elsewhere(place: string): string | undefined {
  return imageTimezones.find((zone) => placeOf(zone).toLowerCase() === place);
}

function nearPlace(place: string, zones: readonly string[]): string | undefined {
  if (place.length < shortest) return undefined;
  const byPlace = new Map(zones.map((zone) => [placeOf(zone).toLowerCase(), zone]));
  return byPlace.get(nearest(place, [...byPlace.keys()]) ?? "");
}
