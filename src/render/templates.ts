/** The templates: which file each name stands for, the format that its values are escaped for, and its data. */

/** Formats with an escaper of their own; see `escape.ts`. */
export type TemplateFormat = "postgresql.conf" | "pg_hba.conf" | "pgbouncer.ini" | "userlist.txt" | "shell" | "env" | "queries.yaml";

/** One `name = value` line with an optional remark, printed above it. */
export interface SettingData {
  readonly name: string;
  readonly value: string | number | boolean;
  readonly comment?: string;
}

/** One rule of pg_hba.conf; rules are tried in order, the first that matches decides. */
export interface HbaRuleData {
  readonly type: "local" | "host" | "hostssl" | "hostnossl";
  readonly database: string;
  readonly user: string;
  /** Network in CIDR form or a keyword; absent for `local`. */
  readonly address?: string;
  readonly method: string;
  readonly comment?: string;
}

/** A user of the pooler with its `key=value` pairs. */
export interface PoolerUserData {
  readonly name: string;
  readonly params: readonly { readonly key: string; readonly value: string | number }[];
}

/** What each template needs, by name. */
export interface TemplateData {
  readonly "postgres/postgresql.conf": {
    readonly stack: string;
    readonly node: string;
    readonly sections: readonly { readonly title: string; readonly settings: readonly SettingData[] }[];
  };
  readonly "postgres/pg_hba.conf": {
    readonly stack: string;
    readonly rules: readonly HbaRuleData[];
  };
  readonly "postgres/pg_ident.conf": {
    readonly stack: string;
  };
  /** Variables of the node's start script, read by its shell. */
  readonly "postgres/node.env": {
    readonly stack: string;
    readonly node: string;
    readonly major: number;
    /** The node that begins a new cluster. */
    readonly firstNode: string;
    /** Names of all other nodes that there can be, separated by blanks. */
    readonly peers: string;
    /** How the WAL receiver logs in, without the host, as libpq reads it. */
    readonly conninfo: string;
    /** How replication connections log in, without the host, as libpq reads it. */
    readonly replicator: string;
    /** `name=value` of the settings that a replica may not have lower than its leader, separated by blanks. */
    readonly standbyLimits: string;
    /** Its name on the engine, for the commands in a refusal. */
    readonly dataVolume: string;
    /** Options for initdb, separated by blanks. */
    readonly localeOptions: string;
  };
  readonly "pgbouncer/pgbouncer.ini": {
    readonly stack: string;
    readonly settings: readonly SettingData[];
  };
  readonly "pgbouncer/process.ini": {
    readonly stack: string;
    /** Path of the file that all processes have in common. */
    readonly common: string;
    readonly settings: readonly SettingData[];
    /** All processes, each by its `peer_id`. */
    readonly peers: readonly { readonly number: number; readonly params: PoolerUserData["params"] }[];
    /** Users with limits of their own. */
    readonly users?: readonly PoolerUserData[];
    /** Path of the file with the routes of this process. */
    readonly routes: string;
  };
  readonly "pgbouncer/userlist.txt": {
    readonly stack: string;
    readonly entries: readonly { readonly role: string; readonly verifier: string }[];
  };
  readonly "exporters/queries.yaml": {
    readonly stack: string;
    /** Names of all nodes; their slots have the same. */
    readonly nodes: readonly string[];
  };
}

export type TemplateName = keyof TemplateData;

export interface TemplateEntry {
  /** Path below `templates/`. */
  readonly file: string;
  readonly format: TemplateFormat;
  /**
   * Fields that may be absent, as dotted paths through objects and lists. The template sees `null` for them, so that every
   * other missing field stays an error, in conditions too.
   */
  readonly optional: readonly string[];
}

export const templates: Readonly<Record<TemplateName, TemplateEntry>> = {
  "postgres/postgresql.conf": {
    file: "postgres/postgresql.conf.liquid",
    format: "postgresql.conf",
    optional: ["sections.settings.comment"],
  },
  "postgres/pg_hba.conf": {
    file: "postgres/pg_hba.conf.liquid",
    format: "pg_hba.conf",
    optional: ["rules.address", "rules.comment"],
  },
  "postgres/pg_ident.conf": {
    file: "postgres/pg_ident.conf.liquid",
    format: "pg_hba.conf",
    optional: [],
  },
  "postgres/node.env": {
    file: "postgres/node.env.liquid",
    format: "shell",
    optional: [],
  },
  "pgbouncer/pgbouncer.ini": {
    file: "pgbouncer/pgbouncer.ini.liquid",
    format: "pgbouncer.ini",
    optional: ["settings.comment"],
  },
  "pgbouncer/process.ini": {
    file: "pgbouncer/process.ini.liquid",
    format: "pgbouncer.ini",
    optional: ["settings.comment", "users"],
  },
  "exporters/queries.yaml": {
    file: "exporters/queries.yaml.liquid",
    format: "queries.yaml",
    optional: [],
  },
  "pgbouncer/userlist.txt": {
    file: "pgbouncer/userlist.txt.liquid",
    format: "userlist.txt",
    optional: [],
  },
};
