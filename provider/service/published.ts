import type { Engine } from "../../src/engine/connect.ts";
import { isNotFound } from "../../src/engine/connect.ts";

interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** A pooler's access with the current address of its listener; the declared one for the state of an older version. */
export async function poolerNow<T extends { readonly listener?: string | undefined; readonly address: Endpoint }>(
  engine: Engine,
  pooler: T,
): Promise<T> {
  return pooler.listener === undefined ? pooler : { ...pooler, address: await publishedNow(engine, pooler.listener, pooler.address) };
}

/**
 * Where a server's container currently publishes its port: while ports or the address change, a container that is replaced
 * later still has the old ones.
 *
 * @param declared - where it will be; the result for a container that publishes nothing now
 */
export async function publishedNow(engine: Engine, container: string, declared: Endpoint): Promise<Endpoint> {
  try {
    const { NetworkSettings } = await engine.getContainer(container).inspect();
    const [binding] = Object.values(NetworkSettings.Ports).flatMap((bindings) => bindings ?? []);
    if (binding === undefined) return declared;
    const isEverywhere = binding.HostIp === "" || binding.HostIp === "0.0.0.0" || binding.HostIp === "::";
    return { host: isEverywhere ? declared.host : binding.HostIp, port: Number(binding.HostPort) };
  } catch (error) {
    if (isNotFound(error)) return declared;
    throw error;
  }
}
