import type { ClusterConfig } from "../../config/schema.ts";
import { findTimezone, imageExtensions, nearExtension, nearTimezone } from "../../postgres/image-contents.ts";
import type { KeyProblem } from "./problem.ts";

/** What is missing in the built PostgreSQL image. The contents of a custom image are known only to its server, so they are not checked. */
export function imageProblems(config: ClusterConfig): readonly KeyProblem[] {
  if (config.images.postgres !== undefined) return [];
  return [...timezoneProblems(config), ...extensionProblems(config)];
}

function timezoneProblems({ timezone }: ClusterConfig): KeyProblem[] {
  if (findTimezone(timezone) !== undefined) return [];
  const meant = nearTimezone(timezone);
  return [
    {
      key: "timezone",
      problem: `"${timezone}" is not a time zone of the built PostgreSQL image`,
      fix: meant === undefined ? "use a name of the IANA time zone database, such as UTC or Asia/Manila" : `did you mean \`${meant}\`?`,
    },
  ];
}

function extensionProblems({ extensions, databases }: ClusterConfig): KeyProblem[] {
  const lists = [
    ["extensions", extensions] as const,
    ...Object.entries(databases).map(([name, keys]) => [`databases.${name}.extensions`, keys.extensions] as const),
  ];
  return lists.flatMap(([key, names]) =>
    names.flatMap((name, index): KeyProblem[] => {
      if (imageExtensions.includes(name)) return [];
      const meant = nearExtension(name);
      return [
        {
          key: `${key}.${index}`,
          problem: `the built PostgreSQL image has no extension "${name}"`,
          fix:
            meant === undefined
              ? "remove it, or set images.postgres to an image that has it; docs/config.md lists what the built one has"
              : `did you mean \`${meant}\`?`,
        },
      ];
    }),
  );
}

const builtMajor = 17;

export function versionProblems(config: ClusterConfig): KeyProblem[] {
  if (config.postgresVersion === builtMajor || config.images.postgres !== undefined) return [];
  return [
    {
      key: "postgresVersion",
      problem: `${config.postgresVersion} needs an image of its own: the built one holds PostgreSQL ${builtMajor}`,
      fix: `set images.postgres to an image with PostgreSQL ${config.postgresVersion} in /usr/lib/postgresql/${config.postgresVersion}/bin, or postgresVersion to ${builtMajor}`,
    },
  ];
}
