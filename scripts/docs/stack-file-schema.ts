import { z } from "zod";

import { configSchema } from "../../src/config/schema.ts";

/** A JSON schema, as far as this file makes and reads one. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

/** The config keys without their namespace, as values have them inside a stack file's mappings. */
export function configJsonSchema(): JsonSchema {
  return z.toJSONSchema(configSchema, { target: "draft-7", io: "input" }) as JsonSchema;
}

/**
 * JSON schema (draft 7) of a `Pulumi.<stack>.yaml` file for editors. It knows what the program's own schema knows, except
 * for a few conditions that no pattern can say; those are found when the program runs.
 */
export function stackFileSchema(): Readonly<Record<string, unknown>> {
  const keys = Object.entries(configJsonSchema().properties ?? {});
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Stack file of pgstack (Pulumi.<stack>.yaml)",
    type: "object",
    properties: {
      config: {
        description: "Config of the stack. Keys of other namespaces, such as aws:region, belong to other packages.",
        type: "object",
        properties: Object.fromEntries(keys.map(([key, schema]) => [`pgstack:${key}`, asStackFileHoldsIt(schema)])),
        patternProperties: { "^(?!pgstack:)[^:]+:.+$": true },
        additionalProperties: false,
      },
      // What Pulumi itself writes.
      encryptionsalt: { type: "string" },
      encryptedkey: { type: "string" },
      secretsprovider: { type: "string" },
      environment: {},
    },
    additionalProperties: false,
  };
}

/** `pulumi config set` writes a number or a switch of the top level as text. */
function asStackFileHoldsIt(schema: JsonSchema): JsonSchema {
  const { description, default: preset, ...value } = schema;
  const about = { ...(description === undefined ? {} : { description }), ...(preset === undefined ? {} : { default: preset }) };
  const text = asText(value.type);
  return text === undefined ? schema : { ...about, anyOf: [value, text] };
}

function asText(type: string | undefined): JsonSchema | undefined {
  switch (type) {
    case "integer":
      return { type: "string", pattern: "^\\d+$" };
    case "number":
      return { type: "string", pattern: "^\\d+(\\.\\d+)?$" };
    case "boolean":
      return { type: "string", enum: ["true", "false"] };
    default:
      return undefined;
  }
}
