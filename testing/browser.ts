import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

import { chromium } from "playwright-core";
import type { Browser as Chromium, Page } from "playwright-core";

/** Programs that are Chromium, in the order in which they are looked for. */
const programs = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** The browser on this machine, or undefined. `BROWSER_PROGRAM` names another one. */
export function findBrowser(): string | undefined {
  const named = process.env["BROWSER_PROGRAM"];
  if (named !== undefined && named !== "") return named;
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return programs.flatMap((program) => folders.map((folder) => join(folder, program))).find((path) => existsSync(path));
}

/** What a page did besides showing itself. */
export interface Heard {
  /** Messages of the console, uncaught errors, refusals by the page's own policy. */
  readonly console: string[];
  /** Addresses that it asked for, its own among them. */
  readonly requests: string[];
}

export interface Viewport {
  readonly width: number;
  readonly height: number;
  readonly scheme: "light" | "dark";
  readonly scale?: number;
}

/** A headless Chromium that shows one page. */
export class Browser {
  readonly heard: Heard = { console: [], requests: [] };
  readonly #chromium: Chromium;
  #page: Page;

  private constructor(program: Chromium, page: Page) {
    this.#chromium = program;
    this.#page = page;
  }

  static async start(program: string): Promise<Browser> {
    // As root, in a container, there is no sandbox to be had; it sees only pages of this repository.
    const started = await chromium.launch({ executablePath: program, chromiumSandbox: false });
    return new Browser(started, await started.newPage());
  }

  /** Opens an address and waits until it is loaded. What was heard before is forgotten. */
  async open(url: string, { width, height, scheme, scale = 1 }: Viewport): Promise<void> {
    await this.#page.close();
    this.heard.console.length = 0;
    this.heard.requests.length = 0;
    // The scale belongs to a page from its start on.
    this.#page = await this.#chromium.newPage({ viewport: { width, height }, colorScheme: scheme, deviceScaleFactor: scale });
    this.#page.on("console", (message) => void this.heard.console.push(message.text()));
    this.#page.on("pageerror", ({ message }) => void this.heard.console.push(message));
    this.#page.on("request", (request) => void this.heard.requests.push(request.url()));
    await this.#page.goto(url);
  }

  /** The value of an expression in the page. */
  async evaluate<T>(expression: string): Promise<T> {
    return this.#page.evaluate<T>(expression);
  }

  /** A picture of the page: the whole of it, or `height` pixels from `top` on. */
  async screenshot({ top = 0, height = Infinity } = {}): Promise<Buffer> {
    const size = await this.evaluate<{ width: number; height: number }>(
      "({ width: document.documentElement.clientWidth, height: document.documentElement.scrollHeight })",
    );
    const clip = { x: 0, y: top, width: size.width, height: Math.min(size.height - top, height) };
    return this.#page.screenshot({ fullPage: true, clip });
  }

  async close(): Promise<void> {
    await this.#chromium.close();
  }
}
