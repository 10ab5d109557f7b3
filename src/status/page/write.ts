import { renameSync, rmSync, writeFileSync } from "node:fs";

import { UserError } from "../../errors.ts";

/**
 * Writes a page that others may read, whole or not at all.
 *
 * @throws UserError when the folder does not exist, or is not writable
 */
export function writePage(file: string, text: string): void {
  const unfinished = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(unfinished, text, { mode: 0o644, flag: "wx" });
    renameSync(unfinished, file);
  } catch (error) {
    rmSync(unfinished, { force: true });
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new UserError([
      { where: file, problem: `it cannot be written: ${message}`, fix: "use a file in an existing folder that you can write to" },
    ]);
  }
}
