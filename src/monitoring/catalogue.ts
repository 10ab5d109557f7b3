import type { AlertName } from "../config/alerts.ts";
import { alertNames } from "../config/alerts.ts";
import type { AlertDefinition } from "./alert.ts";
import { availability } from "./alerts/availability.ts";
import { configuration } from "./alerts/configuration.ts";
import { connections } from "./alerts/connections.ts";
import { replication } from "./alerts/replication.ts";
import { slots } from "./alerts/slots.ts";
import { storage } from "./alerts/storage.ts";

/** Every alert, by topic. */
export const alertDefinitions: readonly AlertDefinition[] = [
  ...availability,
  ...replication,
  ...slots,
  ...connections,
  ...configuration,
  ...storage,
];

/** The definition of a name. */
export function alertDefinition(name: AlertName): AlertDefinition {
  const found = alertDefinitions.find((definition) => definition.name === name);
  if (found === undefined) throw new Error(`${name} is in the catalogue (${alertNames.length} names) but has no definition`);
  return found;
}
