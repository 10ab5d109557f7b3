import { readFileSync } from "node:fs";
import { join } from "node:path";

import type Docker from "dockerode";

import { orAborted } from "../deadline.ts";

/** A Docker engine's API. */
export type Engine = Docker;

const engines = new Map<string, Promise<Engine>>();

/**
 * Connects to an engine; the same host gives the same connection. Nothing is sent yet.
 *
 * @param host - `unix:///path`, `tcp://host:port` or `ssh://user@host`
 */
export function connectEngine(host: string): Promise<Engine> {
  const known = engines.get(host);
  if (known !== undefined) return known;
  const engine = open(host);
  engines.set(host, engine);
  return engine;
}

async function open(host: string): Promise<Engine> {
  // Loaded on first use: a preview without changes never talks to the engine.
  const { default: Dockerode } = await import("dockerode");
  if (host.startsWith("unix://")) return new Dockerode({ socketPath: host.slice("unix://".length) });
  const url = new URL(host);
  if (url.protocol === "ssh:") {
    return new Dockerode({
      protocol: "ssh",
      host: url.hostname,
      port: Number(url.port || "22"),
      username: decodeURIComponent(url.username) || process.env["USER"],
      sshOptions: { agent: process.env["SSH_AUTH_SOCK"] },
    } as Docker.DockerOptions);
  }
  const tls = tlsFiles(process.env["DOCKER_CERT_PATH"]);
  return new Dockerode({ protocol: tls === undefined ? "http" : "https", host: url.hostname, port: Number(url.port || "2375"), ...tls });
}

/** Client certificate for `tcp://` engines, found where Docker's own client looks for it. */
function tlsFiles(folder: string | undefined): { readonly ca: Buffer; readonly cert: Buffer; readonly key: Buffer } | undefined {
  if (folder === undefined || folder === "") return undefined;
  const read = (name: string): Buffer => readFileSync(join(folder, name));
  return { ca: read("ca.pem"), cert: read("cert.pem"), key: read("key.pem") };
}

/** What an engine says about itself. */
export interface EngineInfo {
  readonly ID: string;
  readonly ServerVersion: string;
}

/** How long an engine may take to say that it is there. */
const greetingMs = 10_000;

/**
 * Asks an engine whether it is there. Other calls have no limit of their own: some take as long as they take. Not a ping:
 * an engine whose networking hangs still answers that one.
 *
 * @throws when it cannot be reached, or accepts a connection and says nothing
 */
export async function greetEngine(engine: Engine, timeoutMs = greetingMs): Promise<EngineInfo> {
  const limit = AbortSignal.timeout(timeoutMs);
  try {
    return (await orAborted(engine.info(), limit)) as EngineInfo;
  } catch (error) {
    throw limit.aborted ? new Error(`no answer within ${timeoutMs / 1000} s`, { cause: error }) : error;
  }
}

/** Whether the API answered "no such …". */
export function isNotFound(error: unknown): boolean {
  return (error as { readonly statusCode?: number } | undefined)?.statusCode === 404;
}

/** Whether the engine cannot be reached at all, as opposed to an answer that is an error. */
export function isUnreachable(error: unknown): boolean {
  const { statusCode } = (error ?? {}) as { readonly statusCode?: number };
  return error instanceof Error && statusCode === undefined;
}
