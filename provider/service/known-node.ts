import type { ServiceNode } from "../../resources/parts.ts";
import type { NodeRole } from "../../src/node-role.ts";

/** A node with the role that it has now. */
export interface KnownNode extends ServiceNode {
  readonly role: NodeRole;
}
