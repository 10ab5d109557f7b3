import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { Deployment } from "../../testing/deployment.ts";
import { run } from "../../testing/run.ts";

/** No generated secret is where it should not be. */
describe("secrets", () => {
  let deployment: Deployment;
  let secrets: readonly string[];
  let shown: string;

  beforeAll(async () => {
    deployment = await Deployment.create("staging", { memory: "512MB" });
    const preview = await deployment.preview("--diff");
    const up = await deployment.tryUp("--diff", "-v=1");
    if (up.code !== 0) throw new Error(up.output);
    const again = await deployment.preview("--diff", "--refresh");
    shown = [preview, up, again].map(({ output }) => output).join("\n");
    const { check } = await deployment.outputs();
    secrets = Object.values(check.secrets);
  });
  afterAll(() => deployment?.remove());

  /** Passwords found in a text, by number: a failing test must not print them either. */
  const leaks = (text: string): readonly number[] => secrets.flatMap((secret, index) => (text.includes(secret) ? [index] : []));

  const names = async (): Promise<readonly string[]> => {
    const containers = await deployment.engine.listContainers({ all: true });
    return containers.flatMap(({ Names }) => Names.filter((name) => name.startsWith(`/pgstack-${deployment.stack}-`)));
  };

  it("are four passwords of 32 characters or more, letters and digits", () => {
    expect(secrets.length).toBe(4);
    for (const secret of secrets) expect(/^[A-Za-z0-9]{32,}$/.test(secret)).toBe(true);
    expect(new Set(secrets).size).toBe(4);
  });

  it("are not in preview or up, and verifiers are not either", () => {
    expect(leaks(shown)).toEqual([]);
    expect(shown).not.toContain("SCRAM-SHA-256$");
  });

  it("are not in the state in clear", async () => {
    const state = await run("grep", ["-r", "", deployment.folder + "/state"]);
    expect(state.stdout.length).toBeGreaterThan(10_000);
    expect(leaks(state.stdout)).toEqual([]);
    expect(state.stdout).not.toContain("SCRAM-SHA-256$");
  });

  it("are not in what the engine shows of containers, volumes, networks and images", async () => {
    const containers = await names();
    expect(containers.length).toBe(9);
    const inspected = await Promise.all(containers.map((name) => deployment.engine.getContainer(name.slice(1)).inspect()));
    const { Volumes } = await deployment.engine.listVolumes();
    const images = await Promise.all(
      [...new Set(inspected.map(({ Image }) => Image))].map((id) => deployment.engine.getImage(id).history()),
    );
    const networks = await deployment.engine.listNetworks();
    expect(leaks(JSON.stringify([inspected, Volumes, images, networks]))).toEqual([]);
  });

  it("are not in process lists and environments of the containers", async () => {
    for (const name of await names()) {
      const { stdout } = await run("docker", ["top", name.slice(1), "-eo", "pid,args"]);
      expect(stdout).toContain("PID");
      expect(leaks(stdout), name).toEqual([]);
    }
    const environment = await run("docker", ["exec", deployment.container("pg1"), "cat", "/proc/1/environ"]);
    expect(leaks(environment.stdout)).toEqual([]);
  });

  it("are not in the containers' logs", async () => {
    for (const name of await names()) {
      const { output } = await run("docker", ["logs", name.slice(1)]);
      expect(leaks(output), name).toEqual([]);
      expect(output).not.toContain("SCRAM-SHA-256$");
    }
  });

  it("are not in the server's statistics, and only verifiers are in its catalogue", async () => {
    const statements = await deployment.sql("pg1", "select coalesce(string_agg(query, ' '), '') from pg_stat_statements;");
    expect(leaks(statements)).toEqual([]);
    expect(statements).not.toContain("SCRAM-SHA-256$");
    const stored = await deployment.sql(
      "pg1",
      "select string_agg(rolname || ' ' || left(rolpassword, 14), ', ' order by rolname) from pg_authid where rolpassword is not null;",
    );
    expect(stored).toBe("app SCRAM-SHA-256$, monitoring SCRAM-SHA-256$, replicator SCRAM-SHA-256$");
    expect(await deployment.sql("pg1", "select rolpassword is null from pg_authid where rolname = 'postgres';")).toBe("t");
  });

  it("are in files for their readers alone, and the pooler has verifiers only", async () => {
    const list = async (service: string): Promise<string> =>
      (await run("docker", ["exec", deployment.container(service), "find", "/etc/pgstack", "-type", "f", "-printf", "%f %m %U\n"])).stdout;
    expect(await list("pg2")).toContain("replicator.pgpass 400 999");
    expect(await list("pgbouncer-1")).toContain("userlist.txt 600 999");
    expect(await list("pg2-exporter")).toContain("monitoring.password 400 999");
    const userlist = await run("docker", ["exec", deployment.container("pgbouncer-1"), "cat", "/etc/pgstack/userlist.txt"]);
    expect(leaks(userlist.stdout)).toEqual([]);
    const verifier = await deployment.sql("pg1", "select rolpassword from pg_authid where rolname = 'app';");
    expect(userlist.stdout.includes(`"app" "${verifier}"`)).toBe(true);
  });
});
