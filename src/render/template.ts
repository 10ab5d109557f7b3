/**
 * Rendering with LiquidJS. Each format has an engine of its own whose output escaper is that format's, so that a template
 * cannot write a value unescaped by forgetting something.
 */
import { fileURLToPath } from "node:url";
import { Liquid, LiquidError } from "liquidjs";
import { assertNever } from "../errors.ts";
import {
  bareName,
  commentText,
  dotenv,
  type Escaper,
  hbaToken,
  iniValue,
  pgbouncerConnstr,
  postgresConf,
  shell,
  sqlLiteral,
  userlist,
} from "../formats/escape.ts";
import { type TemplateData, type TemplateFormat, type TemplateName, templates } from "./templates.ts";

/** Folder of the templates, absolute. */
export const templatesFolder = fileURLToPath(new URL("../../templates/", import.meta.url));

const engines = new Map<TemplateFormat, Liquid>();

/**
 * The text of one template for its data.
 *
 * @throws Error for a missing or unknown field, a value that the format cannot hold, or a mistake in the template. The
 * message names the template's file, line and column, never a value.
 */
export function renderTemplate<K extends TemplateName>(name: K, data: TemplateData[K]): string {
  const { file, format, optional } = templates[name];
  try {
    const scope = optional.reduce<unknown>((filled, path) => withNull(filled, path.split(".")), data);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a template's data is an object
    return engineFor(format).renderFileSync(file, scope as object) as string;
  } catch (error) {
    throw templateError(file, error);
  }
}

/** An engine for one format, made on first use. Exported for tests of the mechanism. */
export function engineFor(format: TemplateFormat): Liquid {
  const known = engines.get(format);
  if (known !== undefined) return known;
  const engine = createEngine(escaperOf(format));
  engines.set(format, engine);
  return engine;
}

function escaperOf(format: TemplateFormat): Escaper {
  switch (format) {
    case "postgresql.conf":
      return postgresConf;
    case "pg_hba.conf":
      return hbaToken;
    case "pgbouncer.ini":
      return iniValue;
    case "userlist.txt":
      return userlist;
    case "shell":
      return shell;
    case "env":
      return dotenv;
    case "queries.yaml":
      // Queries are YAML's literal blocks, which hold any printable text as it is.
      return sqlLiteral;
    default:
      return assertNever(format, "template format");
  }
}

function createEngine(outputEscape: Escaper): Liquid {
  const engine = new Liquid({
    root: templatesFolder,
    cache: true,
    strictVariables: true,
    strictFilters: true,
    ownPropertyOnly: true,
    trimTagRight: true,
    greedy: false,
    outputEscape,
  });
  engine.registerFilter("raw", () => {
    throw new Error("the filter `raw` is not allowed: every value is escaped for the file's format");
  });
  // These write their value without the format's escaper: each checks it on its own.
  engine.registerFilter("ident", { raw: true, handler: bareName });
  engine.registerFilter("comment", { raw: true, handler: commentText });
  engine.registerFilter("connstr", { raw: true, handler: connstr });
  return engine;
}

/** A `[users]` line of pgbouncer.ini behind the equals sign, from a list of `{ key, value }`. */
function connstr(pairs: unknown): string {
  if (!Array.isArray(pairs)) throw new Error("the filter `connstr` takes a list of { key, value }");
  return pairs
    .map((pair: { readonly key?: unknown; readonly value?: unknown }) => `${bareName(pair.key)}=${pgbouncerConnstr(pair.value)}`)
    .join(" ");
}

/** A copy of the data with `null` where the path leads to a field that is absent. Lists on the way are walked. */
function withNull(data: unknown, path: readonly string[]): unknown {
  const [field, ...rest] = path;
  if (field === undefined) return data ?? null;
  if (Array.isArray(data)) return data.map((item: unknown) => withNull(item, path));
  if (typeof data !== "object" || data === null) return data;
  const value: unknown = Object.entries(data).find(([key]) => key === field)?.[1];
  // Only the last field may be absent: a missing one on the way stays an error of the template.
  if (value === undefined && rest.length > 0) return data;
  return { ...data, [field]: withNull(value, rest) };
}

function templateError(file: string, cause: unknown): Error {
  if (!LiquidError.is(cause)) {
    return new Error(`templates/${file}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  const [line, column] = cause.token.getPosition();
  // LiquidJS appends the absolute path and position to its message; here they come first and short.
  const problem = cause.message.replace(/, (?:file:.*|line:\d+, col:\d+)$/, "");
  return new Error(`templates/${file}, line ${line}, column ${column}: ${problem}`, { cause });
}
