import { createHash } from "node:crypto";

import { plural } from "../../text/quantities.ts";
import { chartsSection } from "./charts.ts";
import type { PageData } from "./data.ts";
import { alertSection, checkSection, problemList } from "./findings.ts";
import { Html, html } from "./html.ts";
import { script } from "./script.ts";
import { style } from "./style.ts";
import { badge, nodesTable, routesTable, slotsTable } from "./tables.ts";
import { topologyPicture } from "./topology.ts";

const icon =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cg fill='none' stroke='%232456c7' stroke-width='1.6'%3E%3Cellipse cx='8' cy='3.5' rx='5.5' ry='2'/%3E%3Cpath d='M2.5 3.5v9c0 1.1 2.5 2 5.5 2s5.5-.9 5.5-2v-9M2.5 8c0 1.1 2.5 2 5.5 2s5.5-.9 5.5-2'/%3E%3C/g%3E%3C/svg%3E";

/** What the page may do: show itself. A served one may also ask for itself again. */
export function contentSecurityPolicy(isServed: boolean): string {
  return [
    "default-src 'none'",
    `style-src '${hashOf(style)}'`,
    "img-src data:",
    ...(isServed ? [`script-src '${hashOf(script)}'`, "connect-src 'self'"] : []),
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

function hashOf(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}

/** Not by a template: a formatter might put white space into it, and its hash would be another. */
function element(name: "style" | "script", text: string): Html {
  return new Html(`<${name}>${text}</${name}>`);
}

/** The whole page: one file that asks for nothing else. */
export function pageHtml(data: PageData): string {
  const { status, refreshSeconds } = data;
  const isServed = refreshSeconds !== undefined;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy(isServed)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <title>${status.ok ? "ok" : plural(status.problems.length, "problem")} · ${status.stack} · pgstack</title>
        <link rel="icon" href="${icon}" />
        ${element("style", style)}
      </head>
      <body>
        <header>
          <h1>${status.stack} <span>pgstack</span></h1>
          ${verdict(data)}
          ${
            isServed
              ? html`<div class="live" data-seconds="${refreshSeconds}" hidden>
                  <p class="when" role="status">renewed every ${refreshSeconds} s</p>
                  <button type="button" aria-pressed="false">Pause</button>
                </div>`
              : undefined
          }
        </header>
        ${content(data)}
        <footer>
          Made by <code>pgstack status</code>. It reads only, as the role <code>monitoring</code>. What is not known is shown as “-”.
        </footer>
        ${isServed ? element("script", script) : undefined}
      </body>
    </html> `.text;
}

function verdict({ status }: PageData): Html {
  const state = status.ok ? badge("all is well", "good") : badge(plural(status.problems.length, "problem"), "bad");
  return html`<div id="verdict">
    ${state} <span class="when">as of <time datetime="${status.at}">${status.at.replace("T", " ").replace(/\.\d+Z$/, "")} UTC</time></span>
  </div>`;
}

function content({ status, readRoutes, probe, history }: PageData): Html {
  return html`<main>
    ${problemList(status)}
    <h2>Cluster</h2>
    ${topologyPicture(status, readRoutes)}
    <h2>Nodes</h2>
    ${nodesTable(status)}
    <div class="columns">
      <section>
        <h2>Replication slots</h2>
        ${slotsTable(status)}
      </section>
      <section>
        <h2>Pooler</h2>
        ${routesTable(status)}
      </section>
    </div>
    <h2>Alerts</h2>
    ${alertSection(history, status.at)}
    <h2>Check</h2>
    ${checkSection(status, probe)}
    <h2>History</h2>
    ${chartsSection(history)}
  </main>`;
}
