import { readFileSync } from "node:fs";
import { join } from "node:path";

import { UserError } from "../errors.ts";
import { checkPath } from "../render/compose/names.ts";
import type { StackCheck } from "./stack-outputs.ts";
import { checkSchema, stackCheckOf } from "./stack-outputs.ts";

/**
 * Reads what the check needs from a bundle's folder.
 *
 * @throws UserError when the folder holds no bundle, or one of another version
 */
export function loadBundleCheck(folder: string): StackCheck {
  const parsed = checkSchema.safeParse(readJson(folder));
  if (parsed.success) return stackCheckOf(parsed.data);
  // Where, not what: the value may be a password.
  const at = parsed.error.issues.map(({ path }) => path.join(".")).join(", ");
  throw problem(folder, `its ${checkPath} is of another version: ${at}`, "render it again: pgstack render --help");
}

function readJson(folder: string): unknown {
  try {
    return JSON.parse(readFileSync(join(folder, checkPath), "utf8")) as unknown;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") {
      throw problem(folder, `it is not a bundle of pgstack: it has no ${checkPath}`, "render one: pgstack render --help");
    }
    if (code === "EACCES") throw problem(folder, `its ${checkPath} is not readable`, "run this as the owner of the bundle");
    // The parser's message would quote the text.
    if (error instanceof SyntaxError) throw problem(folder, `its ${checkPath} is not JSON`, "render it again: pgstack render --help");
    throw error;
  }
}

function problem(folder: string, what: string, fix: string): UserError {
  return new UserError([{ where: folder, problem: what, fix }]);
}
