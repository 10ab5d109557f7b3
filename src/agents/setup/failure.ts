import { UserError } from "../../errors.ts";

/** What a failed run says, line by line: where, what is wrong, what to do. */
export function failureLines(error: unknown): readonly string[] {
  if (error instanceof UserError)
    return error.problems.flatMap(({ where, problem, fix }) => [
      `FAILED: ${where}: ${problem}`,
      ...fix.split("\n").map((line) => `  ${line}`),
    ]);
  const message = error instanceof Error ? error.message : String(error);
  return [`FAILED: ${message}`, "  See the log of what it names: docker compose logs <service>. Then: docker compose up -d --wait"];
}
