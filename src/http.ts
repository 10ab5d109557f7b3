import { get } from "node:http";
import type { IncomingMessage } from "node:http";

/** Nothing of ours says as much; whatever else answers at a port is not read to its end. */
const maxBytes = 16 * 1024 * 1024;

/**
 * The body of an answer with status 200, as text.
 *
 * @throws Error for another status, too long an answer, and everything that a connection can fail with
 */
export async function fetchText(
  { host, port }: { readonly host: string; readonly port: number },
  path: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<string> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    // A separate agent: the shared one may be configured by the environment to use a proxy.
    get({ host, port, path, agent: false, signal }, resolve).on("error", reject);
  });
  if (response.statusCode !== 200) {
    response.destroy();
    throw new Error(`HTTP status ${response.statusCode ?? "unknown"} instead of 200`);
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response.iterator({ destroyOnReturn: true })) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Error(`more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
