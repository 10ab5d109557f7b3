import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { poll } from "../../src/deadline.ts";
import { lastLogLines } from "../../src/engine/container.ts";
import { Deployment } from "../../testing/deployment.ts";
import { run } from "../../testing/run.ts";

/** A shell script that waits until processes of this name run; their ids are in `found`. The image has no `pgrep`. */
const processesOf = (name: string): string =>
  `for try in {1..1000}; do found=$(grep -lx ${name} /proc/[0-9]*/comm 2>/dev/null | cut -d/ -f3); ` +
  `[ "$(wc -w <<<"$found")" -lt 2 ] || break; sleep 0.01; done`;

/** Data that does not fit what is declared is explained and left alone, whatever it is. */
describe("a data volume that does not fit", () => {
  let deployment: Deployment;
  let image: string;

  beforeAll(async () => {
    // A leader that gives up a standby soon: a clone must not depend on it.
    deployment = await Deployment.create("staging", { memory: "512MB", exporters: false, settings: { wal_sender_timeout: "2s" } });
    await deployment.up();
    await deployment.sql("pg1", "create table kept as select generate_series(1, 100) as n;", "app");
    image = (await deployment.engine.getContainer(deployment.container("pg1")).inspect()).Config.Image;
  });
  afterAll(() => deployment?.remove());

  const volume = (node: string): string => `pgstack-${deployment.stack}-${node}-data`;

  /** Runs a shell in a container of its own with a node's data volume at /v. */
  async function inVolume(node: string, script: string): Promise<string> {
    const args = ["run", "--rm", "--network", "none", "--user", "999:999", "-v", `${volume(node)}:/v`, image, "bash", "-ec", script];
    const result = await run("docker", args);
    if (result.code !== 0) throw new Error(result.output);
    return result.stdout.trim();
  }

  const stop = (node: string): Promise<unknown> => run("docker", ["stop", "--time", "60", deployment.container(node)]);
  const fingerprint = (node: string): Promise<string> => inVolume(node, "cd /v && find . -type f | sort | xargs md5sum | md5sum");

  /** Replaces a node's container, so that `up` starts and proves it again. */
  async function startAnew(node: string): ReturnType<Deployment["tryUp"]> {
    await run("docker", ["rm", "--force", deployment.container(node)]);
    return deployment.tryUp("--refresh");
  }

  it("is not shared by two servers", async () => {
    const name = `pgstack-${deployment.stack}-second`;
    const config = `pgstack-${deployment.stack}-pg1-config`;
    const second = await run("docker", [
      "run",
      "--rm",
      "--name",
      name,
      "--network",
      "none",
      "--user",
      "999:999",
      "--tmpfs",
      "/run/postgresql:uid=999",
      "-v",
      `${volume("pg1")}:/var/lib/postgresql/data`,
      "-v",
      `${config}:/etc/pgstack:ro`,
      image,
    ]);
    expect(second.code).toBe(78);
    expect(second.stderr).toContain("REFUSED: another server is using this data volume");
    expect((await deployment.check(5000)).ok).toBe(true);
  });

  it("is not served as a second leader's", async () => {
    await stop("pg2");
    await inVolume("pg2", "mv /v/pgdata/standby.signal /v/standby.signal.aside");
    const before = await fingerprint("pg2");
    const pg2 = deployment.engine.getContainer(deployment.container("pg2"));
    await pg2.start();
    const refused = async (): Promise<true | undefined> =>
      (await lastLogLines(deployment.engine, deployment.container("pg2"), 20)).some((line) =>
        line.includes("REFUSED: the data is a leader's, but pg2 was a replica when it started last, and was not promoted since"),
      )
        ? true
        : undefined;
    expect(await poll(refused, { everyMs: 200, timeoutMs: 30_000 })).toBe(true);
    // Nor does a deployment start it.
    const { code, output } = await startAnew("pg2");
    expect(code).not.toBe(0);
    expect(output).toContain("pg2 does not answer and holds a leader's data, and pg1 leads");
    expect(await fingerprint("pg2")).toBe(before);
    await inVolume("pg2", "mv /v/standby.signal.aside /v/pgdata/standby.signal");
    await deployment.up();
  });

  it("is not served by a leader when it is a replica's", async () => {
    await stop("pg1");
    await inVolume("pg1", "touch /v/pgdata/standby.signal");
    const { code, output } = await startAnew("pg1");
    expect(code).not.toBe(0);
    expect(output).toContain("it is a replica, and no node takes writes (pg2: a replica)");
    await stop("pg1");
    // It has started as a replica.
    await inVolume("pg1", "rm /v/pgdata/standby.signal /v/.pgstack.role");
    await deployment.up();
    expect(await deployment.sql("pg1", "select count(*) from kept;", "app")).toBe("100");
  });

  it("is not adopted when it belongs to another cluster", async () => {
    await stop("pg2");
    await inVolume("pg2", "mv /v/pgdata /v/pgdata.aside && initdb -D /v/pgdata --no-sync >/dev/null && touch /v/pgdata/standby.signal");
    const { code, output } = await startAnew("pg2");
    expect(code).not.toBe(0);
    expect(output).toContain("REFUSED: the data volume belongs to another cluster (system identifier");
    expect(await inVolume("pg2", "cat /v/pgdata/PG_VERSION")).toBe("17");
    await inVolume("pg2", "rm -rf /v/pgdata && mv /v/pgdata.aside /v/pgdata");
    await deployment.up();
  });

  it("is left alone when it holds something that is no database", async () => {
    await stop("pg2");
    await inVolume("pg2", "mv /v/pgdata /v/pgdata.aside && mkdir /v/pgdata && echo precious > /v/pgdata/notes");
    const { code, output } = await startAnew("pg2");
    expect(code).not.toBe(0);
    expect(output).toContain("exists but holds no database");
    expect(await inVolume("pg2", "cat /v/pgdata/notes")).toBe("precious");
    await inVolume("pg2", "rm -r /v/pgdata && mv /v/pgdata.aside /v/pgdata");
    await deployment.up();
  });

  it("is cloned again when a killed clone left half a copy behind", async () => {
    await stop("pg2");
    await inVolume("pg2", "mv /v/pgdata /v/pgdata.partial && rm /v/pgdata.partial/standby.signal");
    const { code } = await startAnew("pg2");
    expect(code).toBe(0);
    expect(await deployment.sql("pg2", "select count(*) from kept;", "app")).toBe("100");
    expect(await inVolume("pg2", "ls /v")).toBe("pgdata\nupstream.conf");
  });

  it("is cloned by one copy, also when its disk stalls for longer than the leader waits for a standby", async () => {
    await deployment.sql("pg1", "create table bulk as select n, repeat(md5(n::text), 20) from generate_series(1, 150000) n;", "app");
    await stop("pg2");
    await inVolume("pg2", "rm -r /v/pgdata");
    await run("docker", ["start", deployment.container("pg2")]);
    const signal = (name: string): Promise<unknown> =>
      run("docker", ["exec", deployment.container("pg2"), "bash", "-c", `${processesOf("pg_basebackup")}; kill -${name} $found`]);
    await signal("STOP");
    // Both connections, the copy's and its WAL's, are silent for longer than the limit.
    const silent = `select count(*) from pg_stat_replication where coalesce(reply_time, backend_start) < clock_timestamp() - interval '5 s'`;
    const held = await poll(async () => ((await deployment.sql("pg1", `${silent};`)) === "2" ? true : undefined), {
      everyMs: 100,
      timeoutMs: 20_000,
    });
    await signal("CONT");
    expect(held).toBe(true);
    await deployment.up();
    const log = (await run("docker", ["logs", deployment.container("pg2")])).output;
    expect(log.slice(log.lastIndexOf("cloning pg1"))).toContain("cloned pg1");
    expect(log).not.toContain("pg_basebackup: error");
    await deployment.sql("pg1", "drop table bulk;", "app");
  });

  it("is not initialised for a leader while a replica has the data", async () => {
    await stop("pg1");
    await inVolume("pg1", "mv /v/pgdata /v/aside");
    const { code, output } = await startAnew("pg1");
    expect(code).not.toBe(0);
    expect(output).toContain("REFUSED: the data volume is empty, but pg2 holds this cluster's data, and no node takes writes");
    await inVolume("pg1", "mv /v/aside /v/pgdata");
    await deployment.up();
    expect((await deployment.check(5000)).ok).toBe(true);
  });

  it("is refused in preview when the leader's is empty and a replica's is not, after a destroy", async () => {
    await deployment.destroy();
    await inVolume("pg1", "mv /v/pgdata /v/aside");
    const { code, output } = await deployment.preview();
    expect(code).not.toBe(0);
    expect(output).toContain(`${volume("pg2")} of pg2 holds a replica's data, and no volume of this stack holds a leader's`);
    await inVolume("pg1", "mv /v/aside /v/pgdata");
    await deployment.up();
    expect(await deployment.sql("pg2", "select count(*) from kept;", "app")).toBe("100");
  });
});
