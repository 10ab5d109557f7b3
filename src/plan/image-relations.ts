import type { ClusterConfig } from "../config/schema.ts";
import { findTimezone, nearTimezone } from "../postgres/image-contents.ts";
import type { KeyProblem } from "./relations.ts";

/** What the built PostgreSQL image lacks. What an image of the stack's own has, only its server knows: nothing is asked of it. */
export function imageProblems(config: ClusterConfig): readonly KeyProblem[] {
  if (config.images.postgres !== undefined) return [];
  return timezoneProblems(config);
}

function timezoneProblems({ timezone }: ClusterConfig): KeyProblem[] {
  if (findTimezone(timezone) !== undefined) return [];
  const meant = nearTimezone(timezone);
  return [
    {
      key: "timezone",
      problem: `"${timezone}" is no time zone of the built PostgreSQL image`,
      fix: meant === undefined ? "give a name of the IANA time zone database, such as UTC or Asia/Manila" : `did you mean \`${meant}\`?`,
    },
  ];
}
