import { pgpass } from "./escape.ts";
import type { FileSpec } from "./file-spec.ts";
import { secret } from "./file-spec.ts";

/** Files of the exporters' volume: the `monitoring` password in the two forms that they read. */
export function renderExporterFiles(): readonly FileSpec[] {
  return [
    secret("monitoring.password", 0o400, ({ passwords }) => passwords.monitoring),
    secret("monitoring.pgpass", 0o400, ({ passwords }) => `*:*:*:monitoring:${pgpass(passwords.monitoring)}\n`),
  ];
}
