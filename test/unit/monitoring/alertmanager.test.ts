import { describe, expect, it } from "vitest";
import { parse } from "yaml";

import type { AlertmanagerInput } from "../../../src/monitoring/alertmanager.ts";
import { renderAlertmanager } from "../../../src/monitoring/alertmanager.ts";
import { anAlertmanager, anEmail, receivers } from "../../../testing/alertmanager.ts";

interface Read {
  readonly route: Readonly<Record<string, unknown>>;
  readonly receivers: readonly Readonly<Record<string, unknown>>[];
  readonly inhibit_rules: readonly unknown[];
}

const read = (input: AlertmanagerInput): Read => parse(renderAlertmanager(input).content) as Read;

describe("alertmanager.yml", () => {
  it.each(receivers)("sends everything to its one receiver (%s), one message for an alert of a stack", (_name, input) => {
    const {
      route,
      receivers: [receiver, ...others],
    } = read(input);
    expect(route).toEqual({
      receiver: input.receiver,
      group_by: ["stack", "alertname"],
      group_wait: "30s",
      group_interval: "5m",
      repeat_interval: "14400s",
    });
    expect(receiver?.["name"]).toBe(input.receiver);
    expect(others).toEqual([]);
  });

  it("sends nothing without a receiver", () => {
    expect(read(anAlertmanager()).receivers).toEqual([{ name: "none" }]);
  });

  it("names the file that the webhook's URL is in", () => {
    expect(read(anAlertmanager({ receiver: "webhook" })).receivers).toEqual([
      { name: "webhook", webhook_configs: [{ url_file: "/etc/pgstack/alert-webhook.url", send_resolved: true }] },
    ]);
  });

  it("names the file that the mail server's password is in", () => {
    expect(read(anAlertmanager({ receiver: "email", email: anEmail })).receivers).toEqual([
      {
        name: "email",
        email_configs: [
          {
            to: "dba@example.org",
            from: "pgstack@example.org",
            smarthost: "mail.example.org:587",
            require_tls: true,
            auth_username: "pgstack",
            auth_password_file: "/etc/pgstack/alert-email.password",
            send_resolved: true,
          },
        ],
      },
    ]);
  });

  it("logs in to no mail server without a user", () => {
    const [receiver] = read(anAlertmanager({ receiver: "email", email: { ...anEmail, user: undefined, requireTls: false } })).receivers;
    const [mail] = (receiver?.["email_configs"] ?? []) as readonly Readonly<Record<string, unknown>>[];
    expect(Object.keys(mail ?? {})).toEqual(["to", "from", "smarthost", "require_tls", "send_resolved"]);
    expect(mail?.["require_tls"]).toBe(false);
  });

  it("refuses mail to nobody", () => {
    expect(() => renderAlertmanager(anAlertmanager({ receiver: "email" }))).toThrow("without an address");
  });

  it("inhibits the given alerts, in the order given", () => {
    const inhibitions = [
      { sourceMatchers: ['a="1"'], targetMatchers: ['b=~"x|y"'], equal: ["stack", "node"] },
      { sourceMatchers: ['c="2"'], targetMatchers: ['d="3"'], equal: [] },
    ];
    expect(read(anAlertmanager({ inhibitions })).inhibit_rules).toEqual([
      { source_matchers: ['a="1"'], target_matchers: ['b=~"x|y"'], equal: ["stack", "node"] },
      { source_matchers: ['c="2"'], target_matchers: ['d="3"'], equal: [] },
    ]);
    expect(read(anAlertmanager({ inhibitions: [] })).inhibit_rules).toEqual([]);
  });

  it("holds text that other readers of YAML would take for something else", () => {
    const email = { ...anEmail, user: "yes", smarthost: "[::1]:25" };
    expect(read(anAlertmanager({ receiver: "email", email })).receivers[0]).toMatchObject({
      email_configs: [{ auth_username: "yes", smarthost: "[::1]:25" }],
    });
    expect(renderAlertmanager(anAlertmanager({ receiver: "email", email })).content).toContain('auth_username: "yes"');
  });

  it("is a plain file with the same bytes each time", () => {
    const file = renderAlertmanager(anAlertmanager());
    expect(file).toEqual(renderAlertmanager(anAlertmanager()));
    expect(file).toMatchObject({ path: "alertmanager.yml", kind: "plain" });
  });
});
