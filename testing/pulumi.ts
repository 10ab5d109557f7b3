import * as pulumi from "@pulumi/pulumi";

import { clusterName } from "../src/plan/names.ts";
import { fakeSecrets, fakeUserPassword } from "./stacks.ts";

/** The key and value that mark a secret on the wire. */
const secretMark = { key: "4dabf18193072939515e22adb298388d", value: "1b47061264138c4ac30d75fd1eb44270" } as const;

/** One resource as the program registered it. */
export interface Registration {
  readonly type: string;
  readonly name: string;
  /** `type name`, as all other fields name resources. */
  readonly id: string;
  readonly custom: boolean;
  /** Undefined for what has the stack itself as its parent. */
  readonly parent: string | undefined;
  readonly dependencies: readonly string[];
  /** Name of the provider resource; empty for a default one. */
  readonly provider: string;
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  readonly deleteBeforeReplace: boolean;
  readonly ignoreChanges: readonly string[];
  readonly replaceOnChanges: readonly string[];
  /** Names of aliases. */
  readonly aliases: readonly string[];
  /** Inputs as they go over the wire: secrets are wrapped. */
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** What a raw request offers of what mocks do not show; @pulumi/pulumi keeps its type internal. */
interface RegisterRequest {
  getType(): string;
  getName(): string;
  getCustom(): boolean;
  getParent(): string;
  getDependenciesList(): string[];
  getProvider(): string;
  getProtect(): boolean;
  getRetainondelete(): boolean;
  getDeletebeforereplace(): boolean;
  getIgnorechangesList(): string[];
  getReplaceonchangesList(): string[];
  getAliasesList(): { getSpec(): { getName(): string } | undefined; getUrn(): string }[];
  getObject(): { toJavaScript(): Record<string, unknown> } | undefined;
}

interface Monitor {
  registerResource: (request: RegisterRequest, ...rest: readonly unknown[]) => unknown;
}

/** Functions of @pulumi/pulumi that its types do not declare. */
const internals = pulumi.runtime as unknown as {
  getMonitor(): Monitor;
  waitForRPCs(): Promise<void>;
};

/** What names of a cluster's resources begin with in tests; registrations leave it out. */
const clusterPrefix = `${clusterName}-`;

/** Runs programs on mocks and keeps what they register. */
export class Recorder {
  readonly registrations: Registration[] = [];

  /** Sets the mocks of this process; everything registered from now on is recorded. */
  static async start(stack: string, project = "pgstack"): Promise<Recorder> {
    const recorder = new Recorder();
    await pulumi.runtime.setMocks({ newResource: newResource, call: ({ inputs }) => inputs as Record<string, unknown> }, project, stack);
    const monitor = internals.getMonitor();
    const register = monitor.registerResource.bind(monitor);
    monitor.registerResource = (request, ...rest) => {
      recorder.registrations.push(registrationOf(request));
      return register(request, ...rest);
    };
    return recorder;
  }

  /** Runs a part of a program and waits until everything in it is registered. */
  async run<T>(program: () => T | Promise<T>): Promise<T> {
    const depth = Error.stackTraceLimit;
    // @pulumi/pulumi keeps a stack trace with every promise, and the test runner maps each of its lines to a source.
    Error.stackTraceLimit = 1;
    try {
      const result = await program();
      await internals.waitForRPCs();
      return result;
    } finally {
      Error.stackTraceLimit = depth;
    }
  }

  /** Every `type name`, sorted. */
  get ids(): string[] {
    return this.registrations.map(({ id }) => id).toSorted();
  }

  /** All resources of one type, by name. */
  ofType(type: string): Registration[] {
    return this.registrations.filter((one) => one.type === type).toSorted((a, b) => a.name.localeCompare(b.name, "en"));
  }

  /** The one resource of that type and name. */
  find(type: string, name: string): Registration {
    const [found, ...more] = this.registrations.filter((one) => one.type === type && one.name === name);
    if (found === undefined || more.length > 0) throw new Error(`${found === undefined ? "no" : "more than one"} ${type} ${name}`);
    return found;
  }
}

function registrationOf(request: RegisterRequest): Registration {
  const parent = request.getParent();
  return {
    type: request.getType(),
    name: shortName(request.getName()),
    id: `${request.getType()} ${shortName(request.getName())}`,
    custom: request.getCustom(),
    parent: parent === "" || parent.includes("::pulumi:pulumi:Stack::") ? undefined : idOf(parent),
    dependencies: request.getDependenciesList().map(idOf).toSorted(),
    // `<urn>::<id>`
    provider: shortName(request.getProvider().split("::").at(-2) ?? ""),
    protect: request.getProtect(),
    retainOnDelete: request.getRetainondelete(),
    deleteBeforeReplace: request.getDeletebeforereplace(),
    ignoreChanges: request.getIgnorechangesList(),
    replaceOnChanges: request.getReplaceonchangesList(),
    aliases: request.getAliasesList().map((alias) => alias.getSpec()?.getName() ?? alias.getUrn()),
    inputs: request.getObject()?.toJavaScript() ?? {},
  };
}

/** `type name` of a URN. */
function idOf(urn: string): string {
  const [, , qualifiedType = "", name = ""] = urn.split("::");
  return `${qualifiedType.split("$").at(-1)} ${shortName(name)}`;
}

function shortName(name: string): string {
  return name.startsWith(clusterPrefix) ? name.slice(clusterPrefix.length) : name;
}

/** Outputs that a real provider would compute, made up so that they are known in tests. */
function newResource({ type, name, inputs }: pulumi.runtime.MockResourceArgs): { id: string; state: Record<string, unknown> } {
  const given = inputs as Record<string, unknown>;
  return { id: `${shortName(name)}-id`, state: { ...given, ...computed(type, shortName(name)) } };
}

function computed(type: string, name: string): Record<string, unknown> {
  switch (type) {
    case "random:index/randomPassword:RandomPassword": {
      const [, user] = /^secrets-user-(.*)$/.exec(name) ?? [];
      if (user !== undefined) return { result: fakeUserPassword(user) };
      if (name === "secrets-grafana") return { result: fakeSecrets.services?.grafana };
      const role = name.replace(/^.*-/, "") as keyof typeof fakeSecrets.passwords;
      return { result: fakeSecrets.passwords[role] };
    }
    case "random:index/randomId:RandomId":
      return { hex: fakeSecrets.saltSeed };
    case "pgstack:index:ReplicationCheck":
      return { report: { ok: true } };
    default:
      return {};
  }
}

/** Whether a value on the wire is a secret. */
export function isSecret(value: unknown): value is { readonly value: unknown } {
  return typeof value === "object" && value !== null && (value as Record<string, unknown>)[secretMark.key] === secretMark.value;
}

/** The clear text of a value on the wire, secrets unwrapped at every depth. */
export function reveal(value: unknown): unknown {
  if (isSecret(value)) return reveal(value.value);
  if (Array.isArray(value)) return value.map(reveal);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, reveal(inner)]));
}

/** JSON of a value on the wire with every secret cut out: what a preview and the state show in clear. */
export function plainText(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (isSecret(inner) ? "[secret]" : inner));
}

/** The value of an output, and whether it is secret. */
export async function valueOf<T>(output: pulumi.Output<T>): Promise<{ readonly value: T; readonly secret: boolean }> {
  const [secret, value] = await Promise.all([
    pulumi.isSecret(output),
    new Promise<T>((resolve, reject) => {
      // Rejections of the output itself reach neither branch of `apply`.
      (output as unknown as { promise(): Promise<T> }).promise().then(resolve, reject);
    }),
  ]);
  return { value, secret };
}
