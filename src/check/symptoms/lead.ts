import { leadsText } from "../../topology/words.ts";
import { valueOf } from "../observation.ts";
import type { NodeFacts } from "../observation.ts";
import { atNode } from "./symptom.ts";
import type { Symptom } from "./symptom.ts";
import type { Look } from "../look.ts";

/** Whether exactly one node leads, and what became of the one that led before. */
export function leadSymptoms(look: Look): readonly Symptom[] {
  const { lead } = look;
  if (lead.leader === undefined) return nobodyLeads(look);
  const leads = leadsIn(look, lead.leader);
  return [...second(look, lead.leader), ...former(look, leads), ...wished(look, leads)];
}

function leadsIn({ seen }: Look, name: string): string {
  const { leadsSince: since, timeline } = valueOf(seen.nodes[name]) ?? {};
  return leadsText(name, { since, timeline });
}

function second(look: Look, leader: string): readonly Symptom[] {
  return look.lead.rivals.map((name) => ({
    code: "second-primary",
    place: atNode(name),
    observed: `${leadsIn(look, name)}, and ${leader} takes writes too`,
    expected: "only one node takes writes",
  }));
}

function former({ lead }: Look, leads: string): readonly Symptom[] {
  if (lead.former === undefined) return [];
  return [
    {
      code: "former-leader",
      place: atNode(lead.former),
      observed: `${leads}; ${lead.former} was the leader and does not answer: its data is a leader's`,
      expected: `${lead.former} follows ${lead.leader}`,
    },
  ];
}

function wished({ target: { wish }, lead: { leader = "" } }: Look, leads: string): readonly Symptom[] {
  if (wish === undefined || wish === leader) return [];
  return [{ code: "leader-differs-from-config", place: atNode(leader), observed: leads, expected: `${wish} leads, as stack config asks` }];
}

/** One that does not answer, or in whose place another server does, has a finding of its own. */
function nobodyLeads({ target, seen, reference, leader }: Look): readonly Symptom[] {
  if (reference !== undefined) {
    if (leader?.inRecovery !== true) return [];
    const observed = `no node takes writes; ${reference} led last and is in recovery`;
    return [{ code: "leader-not-writable", place: atNode(reference), observed, expected: "is not in recovery" }];
  }
  const states = target.nodes.map(({ name }) => ({ name, facts: valueOf(seen.nodes[name]) }));
  if (states.every(({ facts }) => facts === undefined)) return [];
  const observed = states.map(({ name, facts }) => `${name} ${stateText(facts)}`).join(", ");
  return [{ code: "no-leader", place: undefined, observed, expected: "one node takes writes" }];
}

function stateText(facts: NodeFacts | undefined): string {
  if (facts === undefined) return "does not answer";
  return `is in recovery${facts.lsn === undefined ? "" : `, at WAL position ${facts.lsn}`}`;
}
