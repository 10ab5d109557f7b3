/** How a piece of text is meant; colours follow from it. */
export type Tone = "good" | "warning" | "bad" | "faint";

const codes: Readonly<Record<Tone, string>> = { good: "32", warning: "33", bad: "31", faint: "2" };

/** Colours a text for a terminal, or leaves it as it is. */
export type Paint = (text: string, tone: Tone | undefined) => string;

/** @param colour - whether a terminal shows it that understands colours */
export function painter(colour: boolean): Paint {
  return (text, tone) => (colour && tone !== undefined && text !== "" ? `\u001B[${codes[tone]}m${text}\u001B[0m` : text);
}
