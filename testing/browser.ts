import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

import { poll } from "../src/deadline.ts";

/** Programs that are Chromium, in the order in which they are looked for. */
const programs = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** The browser on this machine, or undefined. `BROWSER_PROGRAM` names another one. */
export function findBrowser(): string | undefined {
  const named = process.env["BROWSER_PROGRAM"];
  if (named !== undefined && named !== "") return named;
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return programs.flatMap((program) => folders.map((folder) => join(folder, program))).find((path) => existsSync(path));
}

/** What a page did beside showing itself. */
export interface Heard {
  /** Messages of the console, uncaught errors, refusals by the page's own policy. */
  readonly console: string[];
  /** Addresses that it asked for, its own among them. */
  readonly requests: string[];
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

export interface Viewport {
  readonly width: number;
  readonly height: number;
  readonly scheme: "light" | "dark";
  readonly scale?: number;
}

/** A headless Chromium with one page, driven by its own protocol. */
export class Browser {
  readonly heard: Heard = { console: [], requests: [] };
  readonly #child: ChildProcess;
  readonly #profile: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (message: Message) => void>();
  readonly #listeners = new Map<string, () => void>();
  #lastId = 0;

  private constructor(child: ChildProcess, profile: string, socket: WebSocket) {
    this.#child = child;
    this.#profile = profile;
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => this.#receive(JSON.parse(String(data)) as Message));
  }

  static async start(program: string): Promise<Browser> {
    const profile = mkdtempSync(join(tmpdir(), "pgstack-browser-"));
    const child = spawn(
      program,
      [
        "--headless",
        // As root, in a container, there is no sandbox to be had; it sees pages of this repository alone.
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--hide-scrollbars",
        "--remote-debugging-port=0",
        `--user-data-dir=${profile}`,
        "about:blank",
      ],
      // A group of its own, which ends as a whole: Debian's program is a shell that waits for the real one.
      { stdio: "ignore", detached: true },
    );
    process.once("exit", () => killGroup(child));
    try {
      const port = await debuggingPort(profile);
      const answer = await fetch(`http://127.0.0.1:${port}/json/list`);
      const pages = (await answer.json()) as readonly { readonly type: string; readonly webSocketDebuggerUrl: string }[];
      const page = pages.find(({ type }) => type === "page");
      if (page === undefined) throw new Error("the browser has no page");
      const socket = new WebSocket(page.webSocketDebuggerUrl);
      await new Promise((resolve, reject) => {
        socket.addEventListener("open", resolve);
        socket.addEventListener("error", () => reject(new Error("the browser does not talk")));
      });
      const browser = new Browser(child, profile, socket);
      for (const domain of ["Page", "Runtime", "Log", "Network"]) await browser.#send(`${domain}.enable`);
      return browser;
    } catch (error) {
      await end(child, profile);
      throw error;
    }
  }

  /** Opens an address and waits until it is loaded. What was heard before is forgotten. */
  async open(url: string, { width, height, scheme, scale = 1 }: Viewport): Promise<void> {
    this.heard.console.length = 0;
    this.heard.requests.length = 0;
    await this.#send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: scale, mobile: false });
    await this.#send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#listeners.set("Page.loadEventFired", resolve);
    await this.#send("Page.navigate", { url });
    await promise;
  }

  /** The value of an expression in the page. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.#send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    return (result as { readonly value: T }).value;
  }

  /** A picture of the page: the whole of it, or `height` pixels from `top` on. */
  async screenshot({ top = 0, height = Infinity } = {}): Promise<Buffer> {
    const size = await this.evaluate<{ width: number; height: number }>(
      "({ width: document.documentElement.clientWidth, height: document.documentElement.scrollHeight })",
    );
    const clip = { x: 0, y: top, width: size.width, height: Math.min(size.height - top, height), scale: 1 };
    const { data } = await this.#send("Page.captureScreenshot", { format: "png", captureBeyondViewport: true, clip });
    return Buffer.from(String(data), "base64");
  }

  async close(): Promise<void> {
    this.#socket.close();
    await end(this.#child, this.#profile);
  }

  async #send(method: string, params: Readonly<Record<string, unknown>> = {}): Promise<Readonly<Record<string, unknown>>> {
    this.#lastId += 1;
    const id = this.#lastId;
    const { promise, resolve } = Promise.withResolvers<Message>();
    this.#waiting.set(id, resolve);
    this.#socket.send(JSON.stringify({ id, method, params }));
    const { result = {}, error } = await promise;
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  #receive({ id, method, params = {}, ...message }: Message): void {
    if (id !== undefined) {
      this.#waiting.get(id)?.({ id, ...message });
      this.#waiting.delete(id);
      return;
    }
    this.#listeners.get(method ?? "")?.();
    if (method === "Runtime.consoleAPICalled" || method === "Runtime.exceptionThrown") this.heard.console.push(JSON.stringify(params));
    if (method === "Log.entryAdded") this.heard.console.push(JSON.stringify(params["entry"]));
    if (method === "Network.requestWillBeSent") this.heard.requests.push((params["request"] as { readonly url: string }).url);
  }
}

/** It writes the port that it was given into its profile. */
async function debuggingPort(profile: string): Promise<string> {
  const port = await poll(
    async () => {
      const file = join(profile, "DevToolsActivePort");
      const text = existsSync(file) ? readFileSync(file, "utf8") : "";
      return text.includes("\n") ? text.split("\n")[0] : undefined;
    },
    { everyMs: 50, timeoutMs: 30_000 },
  );
  if (port === undefined) throw new Error("the browser does not start");
  return port;
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch (error) {
    // It has ended already.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

async function end(child: ChildProcess, profile: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (child.exitCode === null && child.signalCode === null) {
    child.once("exit", () => resolve());
    killGroup(child);
  } else resolve();
  await promise;
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
}
