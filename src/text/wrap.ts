export interface WrapLook {
  /** Widest line; undefined: as wide as it takes. */
  readonly width: number | undefined;
  /** What the first line begins with. @default "" */
  readonly first?: string;
  /** What later lines begin with. @default "" */
  readonly rest?: string;
}

/** Text in lines of at most this width, broken at spaces. A word that is longer than a line stays whole. */
export function wrapLines(text: string, { width = Infinity, first = "", rest = "" }: WrapLook): string[] {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of text.split(" ")) {
    if (!isEmpty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = rest;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}
