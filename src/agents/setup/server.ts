import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";

import type pg from "pg";

import { paths } from "../../layout.ts";
import { nodePort } from "../../plan/endpoints.ts";
import type { Login } from "../../postgres/endpoint.ts";
import { liftedOptions } from "../../postgres/lifted-settings.ts";
import { psqlCall, psqlMessage } from "../../postgres/psql.ts";
import { quietSession } from "../../postgres/quiet-session.ts";
import { withSession } from "../../postgres/session.ts";
import { notUp } from "./nodes.ts";

/** For questions that take no time; a server that is stopped by a signal accepts a session and never answers. */
export const quick = { connectTimeoutMs: 3000, statementTimeoutMs: 3000 };

const patient = { connectTimeoutMs: 3000, statementTimeoutMs: 120_000 };

/** A node could not do what it was asked for. Its message begins with the node's name. */
export class NodeError extends Error {
  /** The server's code (SQLSTATE), or that of the connection. */
  readonly code: string | undefined;

  constructor(node: string, cause: unknown) {
    const { code, message } = cause as { readonly code?: string; readonly message: string };
    super(`${node}: ${reasonText(message)}`, { cause });
    this.name = "NodeError";
    this.code = code;
  }
}

/** A socket that nobody listens on says no more than that there is no server. */
export function reasonText(message: string): string {
  return /\b(ENOENT|ECONNREFUSED)\b/.test(message) ? notUp : message;
}

/** Nodes' servers as the superuser, through the sockets that their containers share: peer login is this role's one way in. */
export class Servers {
  readonly #major: number;

  constructor(major: number) {
    this.#major = major;
  }

  /** A login that what stack config says about all sessions does not bind. */
  login(node: string, database = "postgres"): Login {
    return { host: socketFolder(node), port: nodePort, user: "postgres", password: "", database, options: liftedOptions(this.#major) };
  }

  /**
   * Runs SQL in a session that logs nothing.
   *
   * @returns rows as lines, columns separated by `|`, as psql gives them unaligned
   * @throws NodeError
   */
  async ask(node: string, sql: string, { database = "postgres", limits = patient } = {}): Promise<string> {
    try {
      return await withSession(
        this.login(node, database),
        async (client) => {
          await client.query(quietSession);
          return rowsText(await client.query({ text: sql, rowMode: "array", types: asText }));
        },
        limits,
      );
    } catch (error) {
      throw new NodeError(node, error);
    }
  }

  /**
   * Runs a script with psql's own commands.
   *
   * @throws NodeError with psql's message and without the statement
   */
  async script(node: string, sql: string): Promise<void> {
    const { command, options, input } = psqlCall(socketFolder(node), sql, { database: "postgres", major: this.#major });
    const [program = "", ...rest] = command;
    const env = { PATH: process.env["PATH"], PGOPTIONS: options, PGCONNECT_TIMEOUT: "3" };
    const child = spawn(program, rest, { env, stdio: ["pipe", "ignore", "pipe"] });
    const ended = new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
    // One that ends early takes no more input; its exit code says why.
    child.stdin.on("error", () => undefined).end(input);
    const [code, stderr] = await Promise.all([ended, text(child.stderr)]);
    if (code !== 0) throw new NodeError(node, new Error(stderr === "" ? `psql ended with code ${code}` : psqlMessage(stderr)));
  }
}

/** Where a node's socket volume is mounted. */
export function socketFolder(node: string): string {
  return `${paths.socketDirectory}/${node}`;
}

/** The driver would make numbers, dates and booleans of some types. */
const asText = { getTypeParser: () => (value: string | Buffer) => String(value) };

function rowsText(answer: pg.QueryArrayResult | readonly pg.QueryArrayResult[]): string {
  // Several statements have several results.
  const results = Array.isArray(answer) ? (answer as readonly pg.QueryArrayResult[]) : [answer as pg.QueryArrayResult];
  return results
    .flatMap(({ rows }) => (rows as readonly (readonly (string | null)[])[]).map((row) => row.map((value) => value ?? "").join("|")))
    .join("\n");
}
