import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

import type { ClusterSecrets, PasswordRole } from "../src/plan/types.ts";

/** Letters and digits alone: other characters break URLs, `.pgpass`, connection strings and Compose's `$`. */
const passwordLength = 40;

/** Generated passwords, one for each role that logs in with one, and the seed of their salts. */
export class Secrets extends pulumi.ComponentResource {
  readonly passwords: Readonly<Record<PasswordRole, pulumi.Output<string>>>;
  /** Everything in clear, for the renderer; secret. */
  readonly all: pulumi.Output<ClusterSecrets>;

  constructor(name: string, opts?: pulumi.ComponentResourceOptions) {
    super("pgstack:docker:Secrets", name, {}, opts);
    const passwordOf = (role: PasswordRole): pulumi.Output<string> =>
      pulumi.secret(new random.RandomPassword(`${name}-${role}`, { length: passwordLength, special: false }, { parent: this }).result);
    this.passwords = {
      app: passwordOf("app"),
      replicator: passwordOf("replicator"),
      monitoring: passwordOf("monitoring"),
      pgbouncer: passwordOf("pgbouncer"),
    };
    // A salt is no secret; one seed gives each role its own.
    const salt = new random.RandomId(`${name}-salt`, { byteLength: 32 }, { parent: this });
    const { app, replicator, monitoring, pgbouncer } = this.passwords;
    this.all = pulumi.secret(
      pulumi
        .all([app, replicator, monitoring, pgbouncer, salt.hex])
        .apply(([ofApp, ofReplicator, ofMonitoring, ofPgbouncer, saltSeed]) => ({
          passwords: { app: ofApp, replicator: ofReplicator, monitoring: ofMonitoring, pgbouncer: ofPgbouncer },
          saltSeed,
        })),
    );
    this.registerOutputs({});
  }
}
