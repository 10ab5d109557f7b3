import type { Engine } from "./connect.ts";
import { isRunning } from "./container.ts";
import { execInContainer } from "./exec.ts";

/**
 * Sends a signal to a container's first process from inside; false when it does not run.
 *
 * Never by the engine's own `kill`: whatever the signal is, the engine then counts the container as stopped by hand, and its
 * restart policy no longer holds. A process that ends later stays down, and so does the container after a restart of the engine.
 */
export async function signalInside(engine: Engine, container: string, signal: "HUP"): Promise<boolean> {
  if (!(await isRunning(engine, container))) return false;
  let problem: unknown;
  try {
    // A shell, because slim images have no other `kill`.
    const { exitCode, stderr } = await execInContainer(engine, container, ["sh", "-c", `kill -${signal} 1`], "");
    if (exitCode === 0) return true;
    problem = new Error(`${container}: kill -${signal} 1 failed in it: ${stderr.trim() || `exit code ${exitCode}`}`);
  } catch (error) {
    problem = error;
  }
  // It may have ended in the meantime.
  if (!(await isRunning(engine, container))) return false;
  throw problem;
}
