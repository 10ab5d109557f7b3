import { z } from "zod";

import { endpoint, onEngine, poolerProcess } from "./parts.ts";

const reload = z.discriminatedUnion("server", [
  z.object({ server: z.literal("none") }),
  z.object({ server: z.literal("postgres"), container: z.string() }),
  z.object({ server: z.literal("exporters"), containers: z.array(z.string()) }),
  z.object({
    server: z.literal(["prometheus", "alertmanager"]),
    container: z.string(),
    address: endpoint,
  }),
  z.object({
    server: z.literal("pgbouncer"),
    processes: z.array(
      poolerProcess.extend({
        /** `[pgbouncer]` settings as they must be in effect afterwards. */
        settings: z.record(z.string(), z.string()),
      }),
    ),
    password: z.string(),
  }),
]);

/** Files of a config volume; after a change the running server reloads them, which is verified. */
export const configFilesInputs = z.object({
  ...onEngine,
  volume: z.string(),
  /** Any image on the engine: the container that carries the files is never started. */
  image: z.string(),
  /** Path → text: what a preview shows line by line. */
  files: z.record(z.string(), z.string()),
  secretFiles: z.record(z.string(), z.object({ mode: z.number(), content: z.string() })),
  reload,
});

export type ConfigFilesInputs = z.output<typeof configFilesInputs>;
