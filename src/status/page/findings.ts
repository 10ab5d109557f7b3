import type { ProbeResult } from "../../check/run.ts";
import { kindOf } from "../../check/findings.ts";
import type { Finding } from "../../check/findings.ts";
import { durationText } from "../../text/quantities.ts";
import type { Alert, History } from "../history.ts";
import type { ClusterStatus } from "../model.ts";
import { lastCheckLine } from "../text.ts";
import type { Html } from "./html.ts";
import { html } from "./html.ts";
import { badge, table } from "./tables.ts";

/** What is wrong, first of all. */
export function problemList({ problems }: ClusterStatus): Html | undefined {
  if (problems.length === 0) return undefined;
  return html`<section class="problems" aria-labelledby="problems">
    <h2 id="problems">What is wrong</h2>
    <ul>
      ${problems.map(({ where, text }) => html`<li><strong>${where}</strong> ${text}</li>`)}
    </ul>
  </section>`;
}

/** What a quick check found just now, and what the last deployment's said. */
export function checkSection(status: ClusterStatus, probe: ProbeResult | undefined): Html {
  return html`${probeResult(probe)}
    <p class="note">
      ${sentence(lastCheckLine(status.lastCheck, new Date(status.at)))} <code>pgstack check</code> proves more: it writes a row, reads it on
      each replica and tries every login.
    </p>`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function probeResult(probe: ProbeResult | undefined): Html {
  if (probe === undefined) return html`<p class="note">No check was made.</p>`;
  if (probe.state === "unreachable") return html`<p>${badge("nothing answers", "bad")}</p>`;
  if (probe.findings.length === 0) return html`<p>${badge("nothing found", "good")} by a quick check just now.</p>`;
  return html`<ul class="findings">
    ${probe.findings.map(findingItem)}
  </ul>`;
}

function findingItem({ code, severity, node, observed, expected, action }: Finding): Html {
  return html`<li>
    ${badge(severity, severity === "error" ? "bad" : "warning")}
    <strong>${node === undefined ? "" : `${node}: `}${kindOf(code).title}</strong> <code>${code}</code>
    <dl>
      <dt>observed</dt>
      <dd>${observed}</dd>
      <dt>expected</dt>
      <dd>${expected}</dd>
      <dt>fix</dt>
      <dd>${action}</dd>
    </dl>
  </li>`;
}

/** Alerts of the stack's Prometheus. */
export function alertSection(history: History, at: string): Html {
  if (history.state === "none") return html`<p class="note">This stack runs no Prometheus, so nothing watches it for alerts.</p>`;
  if (history.state === "silent")
    return html`<p class="note bad">Prometheus does not answer, so alerts are not known: ${history.reason}</p>`;
  if (history.alerts.length === 0) return html`<p>${badge("none", "good")} No alert fires or is about to.</p>`;
  const now = Date.parse(at);
  return table<Alert>(
    "Alerts",
    [
      { title: "alert", cell: ({ name }) => name },
      { title: "state", cell: ({ state, severity }) => badge(state, state === "pending" || severity === "warning" ? "warning" : "bad") },
      { title: "severity", cell: ({ severity }) => severity ?? "-" },
      { title: "on", cell: ({ subject }) => subject ?? "-" },
      { title: "for", cell: ({ since }) => durationText((now - Date.parse(since)) / 1000), isNumber: true },
      { title: "summary", cell: ({ summary }) => summary ?? "-", isLong: true },
    ],
    history.alerts,
  );
}
