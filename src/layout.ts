/** Places inside the containers, the same for every target. */
export const paths = {
  /** Where a container's config volume is mounted, read-only. */
  config: "/etc/pgstack",
  /** Where a node's data volume is mounted. */
  dataVolume: "/var/lib/postgresql/data",
  /** PGDATA: below the mount, so that the lock and unfinished clones are next to it on the same volume. */
  data: "/var/lib/postgresql/data/pgdata",
  /** A tmpfs; the socket's peer login is the only way in for the superuser. */
  socketDirectory: "/run/postgresql",
  /** Where the bundle's `setup` finds the pooler's config volume, whose routes it writes. */
  poolerConfig: "/etc/pgstack-pooler",
  /** A volume in memory: the listener's socket, through which PgBouncer gets the pooler's port. */
  listenerDirectory: "/run/pgstack",
} as const;

/** The listener's socket, as its image has it. */
export const listenerSocket = `${paths.listenerDirectory}/listener.sock`;

/** Numeric user and group of every container and every file in a volume. */
export const containerUser = { uid: 999, gid: 999 } as const;

/** The file that a process of the pooler starts with, in its config volume. */
export const processFile = (process: number): string => `process-${process}.ini`;
