import { paths } from "../layout.ts";
import type { PlainFile } from "../files/file-spec.ts";
import { plain } from "../files/file-spec.ts";
import { yamlText } from "../formats/yaml.ts";

/** Where notifications go and what holds them back. */
export interface AlertmanagerInput {
  readonly stack: string;
  readonly receiver: "none" | "webhook" | "email";
  readonly email?: EmailInput | undefined;
  /** How often a notification is repeated while its alert fires, in seconds. */
  readonly repeatIntervalS: number;
  readonly inhibitions: readonly Inhibition[];
}

/** Mail; with a user its password is in the file of `alertmanagerFiles`. */
export interface EmailInput {
  readonly to: string;
  readonly from: string;
  /** `<host>:<port>`. */
  readonly smarthost: string;
  readonly user?: string | undefined;
  readonly requireTls: boolean;
}

/** While an alert of the source fires, alerts of the target with the same labels are not sent. */
export interface Inhibition {
  readonly sourceMatchers: readonly string[];
  readonly targetMatchers: readonly string[];
  readonly equal: readonly string[];
}

/** Files of Alertmanager's config volume. */
export const alertmanagerFiles = {
  config: "alertmanager.yml",
  /** Secret: the URL, nothing else. It often holds a token. */
  webhookUrl: "alert-webhook.url",
  /** Secret: the password, nothing else. */
  emailPassword: "alert-email.password",
} as const;

/** Alertmanager's configuration: same input, same bytes. Secrets are in files that it names. */
export function renderAlertmanager(input: AlertmanagerInput): PlainFile {
  const config = {
    route: {
      receiver: input.receiver,
      group_by: ["stack", "alertname"],
      // What one fault sets off comes within a scrape or two, so it is one message.
      group_wait: "30s",
      group_interval: "5m",
      repeat_interval: `${input.repeatIntervalS}s`,
    },
    receivers: [{ name: input.receiver, ...destination(input) }],
    inhibit_rules: input.inhibitions.map(({ sourceMatchers, targetMatchers, equal }) => ({
      source_matchers: sourceMatchers,
      target_matchers: targetMatchers,
      equal,
    })),
  };
  return plain(alertmanagerFiles.config, yamlText(config, `Rendered for stack ${input.stack}. Changes here are overwritten.`));
}

function destination({ receiver, email }: AlertmanagerInput): Readonly<Record<string, unknown>> {
  switch (receiver) {
    case "none":
      return {};
    case "webhook":
      return { webhook_configs: [{ url_file: `${paths.config}/${alertmanagerFiles.webhookUrl}`, send_resolved: true }] };
    case "email":
      if (email === undefined) throw new Error("a receiver by mail without an address");
      return { email_configs: [mail(email)] };
  }
}

function mail({ to, from, smarthost, user, requireTls }: EmailInput): Readonly<Record<string, unknown>> {
  return {
    to,
    from,
    smarthost,
    require_tls: requireTls,
    ...(user === undefined ? {} : { auth_username: user, auth_password_file: `${paths.config}/${alertmanagerFiles.emailPassword}` }),
    send_resolved: true,
  };
}
