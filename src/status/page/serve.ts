import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { UserError } from "../../errors.ts";
import { contentSecurityPolicy } from "./document.ts";

/** Never any other: everyone who reaches the page sees the whole cluster. */
const host = "127.0.0.1";

/** How long an answer is given again: many windows are not many looks at the cluster. */
const cacheMs = 2000;

export interface PageServer {
  readonly url: string;
  /** Ends it, with every connection. */
  readonly close: () => void;
}

/**
 * Serves the page that `make` gives at `/`, only to GET and HEAD.
 *
 * @param port - 0: any that is free
 * @throws UserError when the port is taken
 */
export async function servePage(port: number, make: () => Promise<string>): Promise<PageServer> {
  const fresh = cached(make);
  const server = createServer((request, response) => void answer(request, response, fresh));
  // No page of ours sends a body or keeps many connections.
  server.maxHeadersCount = 100;
  server.headersTimeout = 5000;
  server.requestTimeout = 10_000;
  await listen(server, port);
  const { port: given } = server.address() as AddressInfo;
  return {
    url: `http://${host}:${given}/`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function listen(server: Server, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen({ port, host, exclusive: true }, resolve);
  try {
    await promise;
  } catch (error) {
    const { message } = error as Error;
    throw new UserError([
      {
        where: `${host}:${port}`,
        problem: `cannot listen on it: ${message}`,
        fix: "use another one; --port 0 takes any free port",
      },
    ]);
  }
}

/** One look at a time, whose result is given until it is old. A failure is not kept. */
function cached(make: () => Promise<string>): () => Promise<string> {
  let last: { readonly page: Promise<string>; readyAt: number | undefined } | undefined;
  return async () => {
    if (last?.readyAt !== undefined && performance.now() - last.readyAt > cacheMs) last = undefined;
    last ??= { page: make(), readyAt: undefined };
    const own = last;
    try {
      const page = await own.page;
      own.readyAt ??= performance.now();
      return page;
    } catch (error) {
      if (last === own) last = undefined;
      throw error;
    }
  };
}

/** Sent with every answer; the page says its policy itself too, for when it is saved. */
const headers = {
  "Cache-Control": "no-store",
  "Content-Security-Policy": `${contentSecurityPolicy(true)}; frame-ancestors 'none'`,
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
} as const;

async function answer(request: IncomingMessage, response: ServerResponse, fresh: () => Promise<string>): Promise<void> {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  const refusal = refusalOf(request);
  if (refusal !== undefined) {
    if (refusal[0] === 405) response.setHeader("Allow", "GET, HEAD");
    plain(request, response, ...refusal);
    return;
  }
  try {
    const page = await fresh();
    response.writeHead(200, { "Content-Type": "text/html; charset=utf-8", "Content-Length": Buffer.byteLength(page) });
    response.end(request.method === "HEAD" ? undefined : page);
  } catch {
    plain(request, response, 503, "the cluster could not be looked at");
  }
}

/**
 * Another name in `Host` means that a foreign page has pointed its own name here (DNS rebinding), and would read what it gets
 * as its own.
 */
function refusalOf({ headers: { host: name }, method, url, socket }: IncomingMessage): readonly [status: number, text: string] | undefined {
  const own = [`${host}:${socket.localPort}`, `localhost:${socket.localPort}`, ...(socket.localPort === 80 ? [host, "localhost"] : [])];
  if (name === undefined || !own.includes(name.toLowerCase())) return [421, "this page is served to this machine alone"];
  if (method !== "GET" && method !== "HEAD") return [405, "only GET and HEAD"];
  return url === "/" ? undefined : [404, "there is nothing here"];
}

function plain(request: IncomingMessage, response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8", Connection: "close" });
  response.end(request.method === "HEAD" ? undefined : `${text}\n`);
}
