import { Document, Scalar, visit } from "yaml";

import type { RulesInput } from "../monitoring/rules.ts";
import { ruleGroups } from "../monitoring/rules.ts";

/** The rules file of a stack's Prometheus: same input, same bytes. */
export function renderRules(input: RulesInput): string {
  const document = new Document({ groups: ruleGroups(input) }, { version: "1.1", aliasDuplicateObjects: false });
  document.commentBefore = ` Rendered for ${input.stack} by pgstack. Do not edit.`;
  visit(document, {
    Scalar: (_key, node) => {
      // Expressions of several lines stay as they are; everything else on one line.
      if (typeof node.value === "string" && node.value.includes("\n")) node.type = Scalar.BLOCK_LITERAL;
    },
  });
  return document.toString({ lineWidth: 0, directives: false });
}
