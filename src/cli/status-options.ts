import { UsageError } from "./command.ts";
import { withUsualValue } from "./optional-value.ts";
import type { OptionValues } from "./options.ts";
import { parseOptions } from "./options.ts";

const options = {
  stack: { type: "string", short: "s" },
  bundle: { type: "string", short: "b" },
  watch: { type: "string" },
  json: { type: "boolean" },
  html: { type: "string" },
  serve: { type: "boolean" },
  port: { type: "string" },
} as const;

type Given = OptionValues<typeof options>;

/** How the state is shown. */
export type Way =
  | { readonly kind: "once"; readonly json: boolean }
  | { readonly kind: "watch"; readonly everyMs: number; readonly json: boolean }
  | { readonly kind: "html"; readonly file: string }
  | { readonly kind: "serve"; readonly port: number };

/** Which state is wanted, and how. */
export interface StatusRequest {
  readonly stack: string | undefined;
  readonly bundle: string | undefined;
  readonly way: Way;
}

const usualPort = 7432;

/** @throws UsageError for what is not understood, or does not go together */
export function parseStatusRequest(args: readonly string[]): StatusRequest {
  const given = parseOptions(withUsualValue(args, "--watch", "2"), options);
  refuseMixtures(given);
  return { stack: given.stack, bundle: given.bundle, way: wayOf(given) };
}

/** A page is one thing, text for people or programs another. */
function refuseMixtures({ watch, json, html, serve, port }: Given): void {
  const page = named({ "--html": html, "--serve": serve });
  const text = named({ "--watch": watch, "--json": json });
  if (page.length > 1 || (page.length > 0 && text.length > 0))
    throw new UsageError(`options ${[...page, ...text].join(" and ")} exclude each other`);
  if (port !== undefined && serve === undefined) throw new UsageError("option --port goes with --serve");
}

function named(given: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.keys(given).filter((name) => given[name] !== undefined);
}

function wayOf({ watch, html, serve, port, json = false }: Given): Way {
  if (html !== undefined) return { kind: "html", file: html };
  if (serve === true) return { kind: "serve", port: port === undefined ? usualPort : parsePort(port) };
  return watch === undefined ? { kind: "once", json } : { kind: "watch", everyMs: parseSeconds(watch) * 1000, json };
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Infinity;
  if (port > 65_535) throw new UsageError(`option --port: "${text}" is not a number between 0 and 65535`);
  return port;
}

function parseSeconds(text: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (seconds >= 0.5 && seconds <= 3600) return seconds;
  throw new UsageError(`option --watch: "${text}" is not a number of seconds between 0.5 and 3600`);
}
