import { z } from "zod";

const schema = z.object({
  ok: z.boolean(),
  /** When it ended, in ISO 8601; absent in reports of older versions. */
  at: z.string().nullish(),
  durationMs: z.number(),
  findings: z.array(
    z.object({ code: z.string(), severity: z.enum(["error", "warning"]), node: z.string().nullish(), observed: z.string() }),
  ),
});

/** What is shown of the check at the end of the last deployment. */
export interface LastCheck {
  readonly ok: boolean;
  readonly at: string | null;
  readonly durationMs: number;
  readonly findings: readonly {
    readonly code: string;
    readonly severity: "error" | "warning";
    readonly node: string | null;
    readonly observed: string;
  }[];
}

/** Reads the stack's output `report`; null when there is none that this version understands. */
export function parseLastCheck(output: unknown): LastCheck | null {
  const parsed = schema.safeParse(output);
  if (!parsed.success) return null;
  const { ok, at = null, durationMs, findings } = parsed.data;
  return { ok, at, durationMs, findings: findings.map(({ node = null, ...finding }) => ({ ...finding, node })) };
}
