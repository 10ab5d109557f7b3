import { formerText, leadsText } from "../../leadership/words.ts";
import { valueOf } from "../observation.ts";
import type { ClusterObservation, NodeFacts } from "../observation.ts";
import type { CheckNode, CheckTarget } from "../../target/target.ts";
import { atNode, connectionSymptom } from "./symptom.ts";
import type { Symptom } from "./symptom.ts";

/** Each node by itself: does it answer, is it the one it should be, in its role and version. */
export function nodeSymptoms(target: CheckTarget, observation: ClusterObservation): readonly Symptom[] {
  return [...target.nodes.flatMap((node) => ofNode(target, observation, node)), ...minorVersions(target, observation)];
}

function ofNode(target: CheckTarget, observation: ClusterObservation, node: CheckNode): readonly Symptom[] {
  const seen = observation.nodes[node.name];
  if (seen === undefined) return [];
  if (!seen.ok)
    return [
      connectionSymptom(target, {
        failure: seen.failure,
        place: atNode(node.name),
        role: "monitoring",
      }),
    ];
  const leader = valueOf(observation.nodes[target.leader]);
  return [
    ...identity(node, seen.value),
    ...ancestry(node, seen.value, leader),
    ...role(target, observation, node, seen.value),
    ...settings(target, node, seen.value),
  ];
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

function role(target: CheckTarget, observation: ClusterObservation, node: CheckNode, facts: NodeFacts): readonly Symptom[] {
  if (node.role === "leader" && facts.inRecovery)
    return [
      {
        code: "leader-not-writable",
        place: atNode(node.name),
        observed: "is in recovery",
        expected: "is not in recovery",
      },
    ];
  if (node.role === "leader" || facts.inRecovery) return [];
  const leader = valueOf(observation.nodes[target.leader]);
  const takesWrites = leadsText(node.name, { since: facts.leadsSince, timeline: facts.timeline });
  // One that answers and takes writes is a second leader.
  if (leader?.inRecovery === false)
    return [
      {
        code: "second-primary",
        place: atNode(node.name),
        observed: `${takesWrites}, and ${target.leader} takes writes too`,
        expected: "is in recovery, as a replica of the leader",
      },
    ];
  return [
    {
      code: "another-leader",
      place: atNode(node.name),
      observed: `${takesWrites}; ${formerText({ name: target.leader, state: leader === undefined ? "unseen" : "recovery", stoppedAt: undefined })}`,
      expected: `${target.leader} leads, as stack config says`,
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
      expected: "settings come from stack config alone",
    });
  return symptoms;
}

/** Minor versions differ while nodes are replaced one at a time; that must not fail the deployment. */
function minorVersions(target: CheckTarget, observation: ClusterObservation): readonly Symptom[] {
  const known = target.nodes.flatMap(({ name }) => {
    const facts = valueOf(observation.nodes[name]);
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
