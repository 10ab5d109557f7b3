import { paths } from "../layout.ts";

/**
 * Grafana's official image: Debian has no Grafana, so it is the one image that pgstack does not build. A fixed tag; without
 * a digest, which cannot be known without its registry.
 */
export const grafanaImage = "grafana/grafana:13.2.3";

/** Name of Grafana's first user, an administrator. */
export const grafanaUser = "admin";

/** Files of Grafana's config volume, relative to it. */
export const grafanaFiles = {
  /** Secret: the administrator's password, nothing else. */
  password: "admin.password",
  provisioning: "provisioning",
  dashboards: "dashboards",
  /** The dashboard that Grafana opens with. */
  home: "dashboards/pgstack-cluster.json",
} as const;

/**
 * Places in Grafana's container that it writes to: the rest of its root may be read-only. Bundled plugins start from the
 * image and keep their sockets in the temporary folder.
 */
export const grafanaPaths = {
  /** Its SQLite database and search index. */
  data: "/var/lib/grafana",
  temporary: "/tmp",
} as const;

/**
 * Grafana's settings, as the environment variables that it reads before all else. No secret is among them: `$__file` is
 * Grafana's own, so the password is never in the environment of a process. (With the image's `…__FILE` variables its start
 * script would put it there.)
 *
 * It reads the password only when it makes its database.
 */
export const grafanaEnvironment: Readonly<Record<string, string>> = {
  GF_PATHS_PROVISIONING: `${paths.config}/${grafanaFiles.provisioning}`,
  GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: `${paths.config}/${grafanaFiles.home}`,
  // Who gets in: those with a password.
  GF_SECURITY_ADMIN_USER: grafanaUser,
  GF_SECURITY_ADMIN_PASSWORD: `$__file{${paths.config}/${grafanaFiles.password}}`,
  GF_AUTH_ANONYMOUS_ENABLED: "false",
  GF_USERS_ALLOW_SIGN_UP: "false",
  GF_USERS_ALLOW_ORG_CREATE: "false",
  GF_PUBLIC_DASHBOARDS_ENABLED: "false",
  GF_SNAPSHOTS_ENABLED: "false",
  GF_SNAPSHOTS_EXTERNAL_ENABLED: "false",
  // No page of another origin shows Grafana or sends its cookie along with a request of its own.
  GF_SECURITY_ALLOW_EMBEDDING: "false",
  GF_SECURITY_COOKIE_SAMESITE: "lax",
  GF_SECURITY_X_CONTENT_TYPE_OPTIONS: "true",
  // No data is sent to others or fetched from them.
  GF_ANALYTICS_REPORTING_ENABLED: "false",
  GF_ANALYTICS_CHECK_FOR_UPDATES: "false",
  GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: "false",
  GF_ANALYTICS_FEEDBACK_LINKS_ENABLED: "false",
  GF_SECURITY_DISABLE_GRAVATAR: "true",
  GF_NEWS_NEWS_FEED_ENABLED: "false",
  // Grafana 12 and later install and update plugins in the background; an update that fails half-way takes the data source along.
  GF_PLUGINS_PREINSTALL_DISABLED: "true",
  GF_PLUGINS_PREINSTALL_AUTO_UPDATE: "false",
  GF_PLUGINS_PLUGIN_ADMIN_ENABLED: "false",
  GF_PLUGINS_PUBLIC_KEY_RETRIEVAL_DISABLED: "true",
  // Prometheus evaluates the alerts: a second place for rules would only be an empty one.
  GF_UNIFIED_ALERTING_ENABLED: "false",
  GF_LOG_MODE: "console",
};
