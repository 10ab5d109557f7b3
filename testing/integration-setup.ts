import { run } from "./run.ts";

/**
 * Before any integration test: an engine and the Pulumi CLI must be there. Without them this fails: a test that needs an
 * engine never passes by not running.
 */
export default async function setup(): Promise<void> {
  const [engine, pulumi] = await Promise.all([
    run("docker", ["version", "--format", "{{.Server.Version}}"]).catch(() => undefined),
    run("pulumi", ["version"]).catch(() => undefined),
  ]);
  const missing = [...(engine?.code === 0 ? [] : ["a reachable Docker engine"]), ...(pulumi?.code === 0 ? [] : ["the Pulumi CLI"])];
  if (missing.length > 0) throw new Error(`integration tests need ${missing.join(" and ")}: run \`make test\`, which sets both up`);
}
