import { execFile } from "node:child_process";
import { z } from "zod";

import type { CheckSecrets, CheckTarget } from "../target/target.ts";
import { UserError } from "../errors.ts";
import { databaseSpec, userSpec } from "../postgres/declared.ts";
import { project } from "./stack-plan.ts";

/** Outputs hold whole reports; the default of 1 MB is no law of nature. */
const maxBytes = 64 * 1024 * 1024;

const port = z.int().min(1).max(65_535);
const process = z.object({ number: z.int(), port, container: z.string() });
const service = z.object({ host: z.string(), port, container: z.string() });

/** What the check needs, as it is stored. */
export const checkSchema = z.object({
  target: z.object({
    stack: z.string(),
    engine: z.string().optional(),
    accessHost: z.string(),
    wish: z.string().optional(),
    database: z.string(),
    appUser: z.string(),
    major: z.int(),
    nodes: z.array(z.object({ name: z.string(), port, container: z.string() })),
    writeRoute: z.string(),
    readRoute: z.string(),
    poolerPort: port,
    listenerContainer: z.string(),
    processes: z.array(process),
    exporters: z
      .object({
        nodes: z.array(z.object({ node: z.string(), port, container: z.string() })),
        processes: z.array(process),
      })
      .optional(),
    monitoring: z.object({ prometheus: service, alertmanager: service.optional(), grafana: service.optional() }).optional(),
    declared: z
      .object({
        databases: z.array(databaseSpec),
        users: z.array(userSpec),
        routed: z.array(z.string()),
        pooled: z.array(z.string()),
      })
      .optional(),
    timeoutMs: z.number(),
  }),
  // The roles that every cluster has, and `user:<name>` for each declared user.
  secrets: z.object({ app: z.string(), replicator: z.string(), monitoring: z.string(), pgbouncer: z.string() }).catchall(z.string()),
});

const outputsSchema = z.object({ check: checkSchema, report: z.unknown().optional() });

/** What a deployed stack says about itself. */
export interface StackCheck {
  readonly target: CheckTarget;
  readonly secrets: CheckSecrets;
  /** The output `report` as it is; absent for a bundle. */
  readonly report?: unknown;
}

/** Runs a program and gives what it printed; rejects with its exit code and error output. */
export type RunProgram = (program: string, args: readonly string[], signal: AbortSignal) => Promise<string>;

/** How a program failed. */
export class ProgramError extends Error {
  /** `ENOENT` when there is no such program. */
  readonly code: string;

  constructor(code: string, stderr: string) {
    super(stderr);
    this.name = "ProgramError";
    this.code = code;
  }
}

/**
 * Reads what the check needs from a deployed stack's outputs. Passwords pass through a pipe: they are in no
 * argument, environment variable or file.
 *
 * @throws UserError when there is no such stack, it is not deployed, or Pulumi does not run.
 */
export async function loadStackCheck(stack: string, signal: AbortSignal, run: RunProgram = runProgram): Promise<StackCheck> {
  const args = ["stack", "output", "--stack", stack, "--json", "--show-secrets", "--non-interactive"];
  let text: string;
  try {
    text = await run("pulumi", args, signal);
  } catch (error) {
    throw error instanceof ProgramError ? explainFailure(stack, "stack output", error) : error;
  }
  return parseStackCheck(stack, text);
}

function parseStackCheck(stack: string, text: string): StackCheck {
  const outputs: unknown = JSON.parse(text);
  if (typeof outputs !== "object" || outputs === null || !("check" in outputs))
    throw problem(stack, "it has no output `check`: it is not deployed, or not completely", `deploy it: pulumi up --stack ${stack}`);
  const parsed = outputsSchema.safeParse(outputs);
  // Where, not what: the value may be a password.
  if (!parsed.success) {
    const paths = parsed.error.issues.map(({ path }) => path.join("."));
    throw problem(stack, `its outputs are of another version: ${paths.join(", ")}`, `deploy it again: pulumi up --stack ${stack}`);
  }
  return { ...stackCheckOf(parsed.data.check), report: parsed.data.report };
}

/** What was stored, with every optional field in place. */
export function stackCheckOf({ target, secrets }: z.output<typeof checkSchema>): StackCheck {
  return {
    target: {
      ...target,
      exporters: target.exporters,
      declared: target.declared,
    },
    secrets,
  };
}

/** Why Pulumi did not answer. */
export function explainFailure(stack: string, command: string, { code, message }: ProgramError): UserError {
  if (code === "ENOENT") return problem(stack, "`pulumi` was not found on PATH", 'run make setup, then eval "$(make -s env)"');
  if (/no stack named/i.test(message)) return problem(stack, "there is no such stack", "list the stacks: pulumi stack ls");
  const said = message
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join("; ");
  return problem(stack, `pulumi ${command} failed: ${said}`, "fix what Pulumi reports, or check the environment: make -s env");
}

function problem(stack: string, what: string, fix: string): UserError {
  return new UserError([{ where: `stack ${stack}`, problem: what, fix }]);
}

/** In the project's folder. */
export const runProgram: RunProgram = async (program, args, signal) =>
  new Promise((fulfil, reject) => {
    execFile(program, [...args], { cwd: project, maxBuffer: maxBytes, signal }, (error, stdout, stderr) => {
      if (error === null) fulfil(stdout);
      else if (signal.aborted) reject(signal.reason);
      // The error's own message repeats the command line; what the program said is what helps.
      else reject(new ProgramError(String(error.code ?? "unknown"), stderr));
    });
  });
