import { setupFiles } from "../../agents/setup/spec.ts";
import { agentProgram } from "../agent-program.ts";
import { oneShots } from "./names.ts";

/**
 * Path → text of a bundle's programs. They follow from the sources alone, so whoever writes a bundle has them: no resource carries
 * them (220 KB) through state and every preview.
 */
export function bundlePrograms(): Readonly<Record<string, string>> {
  return { [`config/${oneShots.setup}/${setupFiles.program}`]: agentProgram("setup") };
}
