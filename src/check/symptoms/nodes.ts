import { valueOf } from "../observation.ts";
import type { NodeFacts } from "../observation.ts";
import type { CheckNode, CheckTarget } from "../../target/target.ts";
import { atNode, connectionSymptom } from "./symptom.ts";
import type { Symptom } from "./symptom.ts";
import type { Look } from "../look.ts";

/** Each node by itself: does it answer, is it the one it should be, of which version and with which settings. */
export function nodeSymptoms(look: Look): readonly Symptom[] {
  return [...look.target.nodes.flatMap((node) => ofNode(look, node)), ...minorVersions(look)];
}

function ofNode({ target, seen: { nodes }, leader }: Look, node: CheckNode): readonly Symptom[] {
  const seen = nodes[node.name];
  if (seen === undefined) return [];
  if (!seen.ok)
    return [
      connectionSymptom(target, {
        failure: seen.failure,
        place: atNode(node.name),
        role: "monitoring",
      }),
    ];
  return [...identity(node, seen.value), ...ancestry(node, seen.value, leader), ...settings(target, node, seen.value)];
}

function identity(node: CheckNode, facts: NodeFacts): readonly Symptom[] {
  if (facts.clusterName === node.name) return [];
  return [
    {
      code: "node-mistaken",
      place: atNode(node.name),
      observed: `cluster_name is "${facts.clusterName}"`,
      expected: `cluster_name is "${node.name}"`,
    },
  ];
}

function ancestry(node: CheckNode, facts: NodeFacts, leader: NodeFacts | undefined): readonly Symptom[] {
  if (leader === undefined || facts.systemIdentifier === leader.systemIdentifier) return [];
  return [
    {
      code: "replica-wrong-cluster",
      place: atNode(node.name),
      observed: `system identifier ${facts.systemIdentifier}`,
      expected: `system identifier ${leader.systemIdentifier}, the leader's`,
    },
  ];
}

function settings(target: CheckTarget, node: CheckNode, facts: NodeFacts): readonly Symptom[] {
  const symptoms: Symptom[] = [];
  if (facts.major !== target.major)
    symptoms.push({
      code: "version-differs",
      place: atNode(node.name),
      observed: `version ${facts.version}`,
      expected: `major version ${target.major}`,
    });
  if (facts.pendingRestart.length > 0)
    symptoms.push({
      code: "restart-pending",
      place: atNode(node.name),
      observed: facts.pendingRestart.join(", "),
      expected: "no setting waits for a restart",
    });
  if (facts.fileErrors.length > 0)
    symptoms.push({
      code: "settings-file-broken",
      place: atNode(node.name),
      observed: facts.fileErrors.join("; "),
      expected: "files that the server starts with",
    });
  if (facts.overridden.length > 0)
    symptoms.push({
      code: "setting-overridden",
      place: atNode(node.name),
      observed: facts.overridden.join(", "),
      expected: "settings come only from stack config",
    });
  return symptoms;
}

/** Minor versions differ while nodes are replaced one at a time; that must not fail the deployment. */
function minorVersions({ target, seen }: Look): readonly Symptom[] {
  const known = target.nodes.flatMap(({ name }) => {
    const facts = valueOf(seen.nodes[name]);
    return facts?.major === target.major ? [{ name, version: facts.version }] : [];
  });
  if (new Set(known.map(({ version }) => version)).size <= 1) return [];
  return [
    {
      code: "version-differs",
      severity: "warning",
      place: undefined,
      observed: known.map(({ name, version }) => `${name} ${version}`).join(", "),
      expected: "one version on all nodes",
    },
  ];
}
