import { z } from "zod";

import { alertsSchema, rulesSchema, runbooksSchema } from "./alerts.ts";
import { duration, memory } from "./quantities.ts";

/** Prometheus, Alertmanager and Grafana. Their secrets are separate keys (`alertWebhook`, `alertEmailPassword`, `src/config/secret-keys.ts`). */

const address = z.string().regex(/^[^\s@<>,;"]+@[^\s@<>,;"]+$/, "an address such as dba@example.org");

const emailSchema = z.strictObject({
  to: address.describe("Recipient."),
  from: address.describe("Sender."),
  smarthost: z
    .string()
    .regex(/^([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:]+\]):\d{1,5}$/, "a mail server with its port, such as mail.example.org:587")
    .describe("Mail server and port. TLS is required unless `requireTls` is false."),
  user: z
    .string()
    .regex(/^[^\p{Cc}]{1,254}$/u, "a name on one line")
    .optional()
    .describe("Name to log in with; its password is the key `alertEmailPassword`. Default: no login."),
  requireTls: z.boolean().default(true).describe("Whether mail is refused to a server without TLS."),
});

const alertmanagerSchema = z
  .strictObject({
    receiver: z
      .enum(["none", "webhook", "email"])
      .default("none")
      .describe("Where notifications go: to the URL in the key `alertWebhook`, to `email`, or nowhere but Alertmanager's own page."),
    email: emailSchema.optional().describe("Receiver by mail."),
    repeatInterval: duration.default("4h").describe("How often a notification is repeated while its alert fires."),
    memory: memory.default("64MB").describe("Memory limit of its container."),
  })
  .describe("Alertmanager, which sends notifications. Default: none; alerts are seen in Prometheus, in Grafana and in `./pgstack status`.");

const grafanaSchema = z
  .strictObject({
    memory: memory.default("256MB").describe("Memory limit of its container."),
  })
  .describe(
    "Grafana with pgstack's dashboards, from Grafana's official image, which must be pulled. Default: none. `{}` enables it with the defaults.",
  );

export const monitoringSchema = z
  .strictObject({
    prometheus: z
      .boolean()
      .default(false)
      .describe("Prometheus for the cluster: it scrapes the exporters, stores their metrics and evaluates pgstack's alerts."),
    scrapeInterval: duration.default("15s").describe("How often metrics are read and alerts evaluated."),
    retention: duration.default("15d").describe("How long metrics are kept."),
    retentionSize: memory.default("2GB").describe("Disk space for metrics; the oldest are deleted first."),
    memory: memory.default("256MB").describe("Memory limit of Prometheus' container."),
    alerts: alertsSchema,
    rules: rulesSchema,
    runbooks: runbooksSchema,
    alertmanager: alertmanagerSchema.optional(),
    grafana: grafanaSchema.optional(),
  })
  .prefault({});
