import { paths } from "./paths.ts";

/** Places in Grafana's official image. */
export const grafanaPaths = { data: "/var/lib/grafana" } as const;

/** Settings of Grafana, as it reads them from its environment; the password comes from a file. */
export const grafanaEnvironment: Readonly<Record<string, string>> = {
  GF_PATHS_PROVISIONING: `${paths.config}/provisioning`,
  GF_SECURITY_ADMIN_USER: "admin",
  GF_SECURITY_ADMIN_PASSWORD__FILE: `${paths.config}/admin.password`,
};
