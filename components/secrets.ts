import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

import type { ClusterSecrets, PasswordRole, ServiceSecret } from "../src/plan/types.ts";

/** Only letters and digits: other characters break URLs, `.pgpass`, connection strings and Compose's `$`. */
const passwordLength = 40;

export interface SecretsArgs {
  /** Names of declared users. */
  readonly users: readonly string[];
  /** A new value gives new salts. @default - the existing ones */
  readonly salt: string | undefined;
  /** Whether Grafana needs a password for its user `admin`. */
  readonly grafana: boolean;
  /** From stack config: they are not generated. */
  readonly given: Readonly<Partial<Record<ServiceSecret, string>>>;
}

/** Generated passwords, one for each role that logs in with one, and the seed of their salts. */
export class Secrets extends pulumi.ComponentResource {
  readonly passwords: Readonly<Record<PasswordRole, pulumi.Output<string>>>;
  /** Everything in plain text, for the renderer; secret. */
  readonly all: pulumi.Output<ClusterSecrets>;

  constructor(name: string, args: SecretsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("pgstack:docker:Secrets", name, {}, opts);
    const passwordOf = (logicalName: string): pulumi.Output<string> =>
      pulumi.secret(new random.RandomPassword(logicalName, { length: passwordLength, special: false }, { parent: this }).result);
    this.passwords = {
      app: passwordOf(`${name}-app`),
      replicator: passwordOf(`${name}-replicator`),
      monitoring: passwordOf(`${name}-monitoring`),
      pgbouncer: passwordOf(`${name}-pgbouncer`),
    };
    // By name, so that an added or removed user does not change another user's password.
    const users = Object.fromEntries(args.users.map((user) => [user, passwordOf(`${name}-user-${user}`)]));
    // A salt is no secret; one seed gives each role its own.
    const keepers = args.salt === undefined ? {} : { keepers: { scramSalt: args.salt } };
    const salt = new random.RandomId(`${name}-salt`, { byteLength: 32, ...keepers }, { parent: this });
    const services = {
      ...(args.grafana ? { grafana: passwordOf(`${name}-grafana`) } : {}),
      ...Object.fromEntries(Object.entries(args.given).map(([key, value]) => [key, pulumi.secret(value)])),
    };
    this.all = pulumi.secret(pulumi.output({ passwords: this.passwords, users, saltSeed: salt.hex, services }));
    this.registerOutputs({});
  }
}
