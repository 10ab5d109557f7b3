import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { Deployment } from "../../testing/deployment.ts";
import type { Fault } from "../../testing/under-load.ts";
import { UnderLoad } from "../../testing/under-load.ts";

/**
 * What breaks while the cluster runs and is written to; `integration/faults` has the most telling cases. Each test leaves a
 * healthy cluster.
 */
describe("while it runs", () => {
  let deployment: Deployment;
  let cluster: UnderLoad;

  beforeAll(async () => {
    deployment = await Deployment.create("staging", { memory: "512MB", checkTimeout: "30s" });
    await deployment.up();
    cluster = await UnderLoad.of(deployment);
  });
  afterAll(() => deployment?.remove());

  const killed =
    (service: string, ...seen: string[]): (() => Fault) =>
    () => ({
      bringAbout: () => cluster.docker("kill", cluster.container(service)),
      seen,
      // The engine takes `docker kill` for a wish: it does not start the container again.
      repair: () => cluster.docker("start", cluster.container(service)),
    });

  const removed =
    (service: string, ...seen: string[]): (() => Fault) =>
    () => ({
      bringAbout: () => cluster.docker("rm", "--force", cluster.container(service)),
      seen,
      repair: () => deployment.up("--refresh"),
    });

  const crashed =
    (service: string, ...seen: string[]): (() => Fault) =>
    () => ({
      bringAbout: () => cluster.crash(service),
      seen,
      meanwhile: () => cluster.isRunning(service),
    });

  const faults: readonly { readonly name: string; readonly fault: () => Fault }[] = [
    { name: "kill -9 of a replica's postmaster", fault: crashed("pg2", "node-unreachable pg2") },
    // Back before a check is over: clients wait for it.
    { name: "kill -9 of the pooler", fault: () => ({ bringAbout: () => cluster.crash("pgbouncer-1") }) },
    { name: "kill -9 of the pooler's listener", fault: crashed("pooler", "pooler-unreachable") },
    { name: "kill -9 of an exporter", fault: crashed("pg2-exporter", "exporter-unreachable pg2") },
    { name: "docker kill of the leader", fault: killed("pg1", "node-unreachable pg1") },
    { name: "docker kill of a replica", fault: killed("pg2", "node-unreachable pg2") },
    { name: "docker kill of the pooler", fault: killed("pgbouncer-1", "pooler-unreachable") },
    { name: "docker kill of the pooler's listener", fault: killed("pooler", "pooler-unreachable") },
    { name: "docker kill of an exporter", fault: killed("pg2-exporter", "exporter-unreachable pg2") },
    { name: "docker kill of the pooler's exporter", fault: killed("pgbouncer-1-exporter", "exporter-unreachable") },
    { name: "docker rm -f of the leader", fault: removed("pg1", "node-unreachable pg1") },
    { name: "docker rm -f of the pooler", fault: removed("pgbouncer-1", "pooler-unreachable") },
    { name: "docker rm -f of the pooler's listener", fault: removed("pooler", "pooler-unreachable") },
    { name: "docker rm -f of an exporter", fault: removed("pg2-exporter", "exporter-unreachable pg2") },
    { name: "docker rm -f of the pooler's exporter", fault: removed("pgbouncer-1-exporter", "exporter-unreachable") },
    {
      name: "a replica that is frozen",
      fault: () => ({
        bringAbout: () => cluster.docker("pause", cluster.container("pg2")),
        seen: ["node-unreachable pg2"],
        repair: () => cluster.docker("unpause", cluster.container("pg2")),
      }),
    },
    {
      name: "a replica's postmaster that is stopped with SIGSTOP",
      fault: () => ({
        bringAbout: () => cluster.docker("kill", "--signal", "STOP", cluster.container("pg2")),
        seen: ["node-unreachable pg2"],
        repair: () => cluster.docker("exec", cluster.container("pg2"), "sh", "-c", "kill -CONT 1"),
      }),
    },
  ];

  it.each(faults)("$name", async ({ fault }) => {
    await cluster.survives(fault());
  });

  it("a replica that is cut from the network for a minute", async () => {
    const network = `pgstack-${deployment.stack}`;
    const { NetworkSettings } = await deployment.engine.getContainer(cluster.container("pg2")).inspect();
    const address = NetworkSettings.Networks[network]?.IPAddress ?? "";
    const { longestStallMs } = await cluster.survives({
      bringAbout: () => cluster.docker("network", "disconnect", network, cluster.container("pg2")),
      seen: ["node-unreachable pg2"],
      meanwhile: async (writer) => {
        // A minute of confirmed writes.
        const end = performance.now() + 60_000;
        while (performance.now() < end) await writer.next();
      },
      repair: () => cluster.docker("network", "connect", "--ip", address, "--alias", "pg2", network, cluster.container("pg2")),
      // The exporter's old connection waits for its next retransmission.
      backWithinMs: 120_000,
    });
    // Writes do not wait for a replica.
    expect(longestStallMs).toBeLessThan(5000);
  });
});
