import type { AlertmanagerInput, EmailInput } from "../src/monitoring/alertmanager.ts";

export const anEmail: EmailInput = {
  to: "dba@example.org",
  from: "pgstack@example.org",
  smarthost: "mail.example.org:587",
  user: "pgstack",
  requireTls: true,
};

export function anAlertmanager(over: Partial<AlertmanagerInput> = {}): AlertmanagerInput {
  return {
    stack: "test",
    receiver: "none",
    email: undefined,
    repeatIntervalS: 14_400,
    inhibitions: [
      {
        sourceMatchers: ['alertname="PostgresDown"', 'role="leader"'],
        targetMatchers: ['alertname=~"ReplicaDisconnected|PoolerClientsWaiting"'],
        equal: ["stack"],
      },
    ],
    ...over,
  };
}

/** Every kind of receiver that there is. */
export const receivers = [
  ["none", anAlertmanager()],
  ["webhook", anAlertmanager({ receiver: "webhook" })],
  ["email", anAlertmanager({ receiver: "email", email: anEmail })],
  ["email-without-login", anAlertmanager({ receiver: "email", email: { ...anEmail, user: undefined, requireTls: false } })],
] as const satisfies readonly (readonly [string, AlertmanagerInput])[];
