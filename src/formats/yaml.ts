import { Document } from "yaml";

/**
 * A value as YAML that readers of YAML 1.1 and 1.2 take for the same.
 *
 * @param heading - first line, as a comment
 */
export function yamlText(value: unknown, heading: string): string {
  const document = new Document(value, { version: "1.1", aliasDuplicateObjects: false });
  document.commentBefore = ` ${heading}`;
  // The directive and its marker would only repeat the default.
  return document.toString({ lineWidth: 0, directives: false });
}
