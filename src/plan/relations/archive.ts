import type { EffectiveSettings } from "./problem.ts";
import type { KeyProblem } from "./problem.ts";

/** PostgreSQL takes unambiguous beginnings too. */
const off = ["off", "of", "false", "fals", "fal", "fa", "f", "no", "n", "0"];

/** Without a way to archive, a server keeps every WAL file until its disk is full, and counts no failure. */
export function archiveProblems(effective: EffectiveSettings): readonly KeyProblem[] {
  const mode = (effective.get("archive_mode") ?? "off").trim().toLowerCase();
  const given = ["archive_command", "archive_library"].some((name) => (effective.get(name) ?? "").trim() !== "");
  if (off.includes(mode) || given) return [];
  return [
    {
      key: "settings.archive_mode",
      problem: `"${mode}" without archive_command or archive_library keeps all WAL until the disk is full`,
      fix: "set settings.archive_command too (`/bin/true` archives nothing and keeps nothing), or remove archive_mode",
    },
  ];
}
