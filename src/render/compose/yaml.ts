import { Document, Scalar, visit } from "yaml";

import { UnsafeValueError } from "../../formats/escape.ts";
import type { ComposeFile } from "./model.ts";

/**
 * A Compose file as YAML that readers of YAML 1.1 and 1.2 take for the same: what one of them would read as a boolean, a
 * number or a time is quoted. Every `$` is doubled, since Compose replaces variables in all values.
 *
 * @param heading - first line, as a comment
 * @throws UnsafeValueError for text that is not well-formed Unicode or holds NUL, which no container can be given
 */
export function composeYaml(file: ComposeFile, heading: string): string {
  const document = new Document(withoutUndefined(file), { version: "1.1", aliasDuplicateObjects: false });
  document.commentBefore = ` ${heading}`;
  visit(document, {
    Scalar: (key, node) => {
      const text = node.value;
      if (typeof text !== "string") return;
      checkText(text);
      if (key !== "key") node.value = text.replaceAll("$", "$$$$");
      // An octal number only in YAML 1.2; and what is not printable ASCII.
      if (/^0o[0-7]+$|[^ -~]/.test(text)) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  // The directive and its marker would only repeat the default.
  const text = document.toString({ lineWidth: 0, directives: false });
  return text.replace(unprintable, escapeCharacter);
}

/** Characters that readers refuse, skip or take for a line break unless they are escaped. */
const unprintable = /[\u007f-\u00a0\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\uffff]/g;

/** Only text in double quotes holds such a character; there it may be written by its number. */
function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function checkText(text: string): void {
  if (!text.isWellFormed()) throw new UnsafeValueError("text that is not well-formed Unicode", "a Compose file");
  if (text.includes("\0")) throw new UnsafeValueError("a NUL character", "a Compose file");
}

/** Optional fields that are undefined are not there. */
function withoutUndefined(file: ComposeFile): unknown {
  return JSON.parse(JSON.stringify(file));
}
