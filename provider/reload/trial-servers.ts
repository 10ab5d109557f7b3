import { readFileSync } from "node:fs";

import type { VolumeFile } from "../../src/engine/volume-files.ts";
import { socketFolder } from "../../src/plan/container.ts";
import { monitoringPorts } from "../../src/plan/monitoring-containers.ts";
import { paths } from "../../src/layout.ts";

/** Servers that can refuse their files. */
export type TriedServer = "postgres" | "pgbouncer" | "prometheus" | "alertmanager";

/** How a server is tested. */
export interface ServerTrial {
  /** Name for messages. */
  readonly name: string;
  /** What is refused. */
  readonly what: string;
  readonly command: readonly string[];
  /** What `command` runs, from `templates/`. */
  readonly script: { readonly path: string; readonly content: string };
  /** Path → mount options. */
  readonly tmpfs: Readonly<Record<string, string>>;
  /** Whether it needs a secret file; else no secret leaves its volume. */
  readonly needs: (path: string) => boolean;
  /** Everything that the outcome depends on. */
  readonly essence: (files: readonly VolumeFile[]) => string;
  /** Reasons in its output: the server's own messages, without the text around them. */
  readonly reasons: (output: string) => readonly string[];
}

const temporary = { "/tmp": "rw,nosuid,size=256m" };
const never = (): boolean => false;

export const trialOf: Readonly<Record<TriedServer, ServerTrial>> = {
  postgres: {
    name: "PostgreSQL",
    what: "settings",
    ...scripted("postgres/trial.sh", "/bin/bash"),
    tmpfs: { ...temporary, [paths.socketDirectory]: socketFolder },
    needs: never,
    essence: settingsOf,
    reasons: postgresReasons,
  },
  pgbouncer: {
    name: "PgBouncer",
    what: "files",
    ...scripted("pgbouncer/trial.pl", "perl"),
    tmpfs: temporary,
    // Verifiers.
    needs: (path) => path === "userlist.txt",
    essence: contentsOf,
    reasons: (output) =>
      matches(output, / (?:ERROR|FATAL) (.*)$/gm).filter((reason) => !/^(cannot load config|error processing include) file/.test(reason)),
  },
  prometheus: {
    name: "Prometheus",
    what: "files",
    ...scripted(
      "monitoring/trial.sh",
      "/bin/bash",
      String(monitoringPorts.prometheus),
      "prometheus",
      `--config.file=${paths.config}/prometheus.yml`,
      "--storage.tsdb.path=/tmp/data",
      `--web.listen-address=127.0.0.1:${monitoringPorts.prometheus}`,
    ),
    tmpfs: temporary,
    needs: never,
    essence: contentsOf,
    reasons: goReasons,
  },
  alertmanager: {
    name: "Alertmanager",
    what: "files",
    ...scripted(
      "monitoring/trial.sh",
      "/bin/bash",
      String(monitoringPorts.alertmanager),
      "prometheus-alertmanager",
      `--config.file=${paths.config}/alertmanager.yml`,
      "--storage.path=/tmp/data",
      "--cluster.listen-address=",
      `--web.listen-address=127.0.0.1:${monitoringPorts.alertmanager}`,
    ),
    tmpfs: temporary,
    // It reads files with secrets when it sends.
    needs: never,
    essence: contentsOf,
    reasons: goReasons,
  },
};

function scripted(template: string, shell: string, ...args: readonly string[]): Pick<ServerTrial, "command" | "script"> {
  const path = template.replace(/^.*\//, "");
  const content = readFileSync(new URL(`../../templates/${template}`, import.meta.url), "utf8");
  return { command: [shell, `${paths.config}/${path}`, ...args], script: { path, content } };
}

/** What differs between nodes. pgstack sets it, and it is the same at each start. */
const identity = /^(cluster_name|primary_slot_name|recovery_target_timeline|include_if_exists) = /;

/** Settings of all nodes are the same, so one trial is enough for them. */
function settingsOf(files: readonly VolumeFile[]): string {
  return (files.find(({ path }) => path === "postgresql.conf")?.content ?? "")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#") && !identity.test(line))
    .join("\n");
}

function contentsOf(files: readonly VolumeFile[]): string {
  return JSON.stringify(files.toSorted((a, b) => (a.path < b.path ? -1 : 1)).map(({ path, content }) => [path, content]));
}

/** Lines of the server's log and of psql. */
function postgresReasons(output: string): readonly string[] {
  const reasons = output.split("\n").flatMap((line) => {
    const found =
      /(?:LOG|WARNING): {2}((?:invalid value|unrecognized|syntax error|parameter|could not|".*" ).*)$|(?:ERROR|FATAL|PANIC): {2}(.*)$/.exec(
        line,
      );
    const reason = found?.[1] ?? found?.[2];
    return reason === undefined ? [] : [reason];
  });
  const telling = reasons.filter((reason) => !/^configuration file ".*" contains errors$/.test(reason));
  return telling.length > 0 ? telling : reasons;
}

/** Lines as Go's loggers write them. The first one has the location, later ones only repeat that there was an error. */
function goReasons(output: string): readonly string[] {
  const errors = matches(output, /\blevel=error\b.*?\berr="((?:[^"\\]|\\.)*)"/gim).map((text) => text.replaceAll(/\\(.)/g, "$1"));
  const telling = errors.filter((text) => !/^error loading (rules, previous|config from .*one or more errors occurred)/.test(text));
  return telling.length > 0 ? telling : errors;
}

function matches(output: string, pattern: RegExp): string[] {
  return [...output.matchAll(pattern)].map(([, text = ""]) => text);
}
