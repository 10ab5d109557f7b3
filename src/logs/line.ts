/** A line of a service's log. */
export interface LogLine {
  readonly service: string;
  /** When the engine got it: UTC with nanoseconds, all of one length, so that texts compare as times. */
  readonly at: string;
  readonly text: string;
}

/** Bytes before each frame: the stream, three zeros, the length. */
const headerBytes = 8;

/**
 * Lines out of what the engine sends of a container without a terminal, with timestamps: frames, each with a message that
 * begins with its time. A message without a line's end is the begin of a line that was too long for one.
 */
export class LineReader {
  readonly #service: string;
  #rest = Buffer.alloc(0);
  readonly #begun = new Map<number, LogLine>();

  constructor(service: string) {
    this.#service = service;
  }

  /** The lines that this piece completes. */
  read(piece: Buffer): readonly LogLine[] {
    this.#rest = Buffer.concat([this.#rest, piece]);
    const lines: LogLine[] = [];
    let at = 0;
    while (at + headerBytes <= this.#rest.length) {
      const end = at + headerBytes + this.#rest.readUInt32BE(at + 4);
      if (end > this.#rest.length) break;
      const line = this.#take(this.#rest.readUInt8(at), this.#rest.toString("utf8", at + headerBytes, end));
      if (line !== undefined) lines.push(line);
      at = end;
    }
    this.#rest = this.#rest.subarray(at);
    return lines;
  }

  #take(stream: number, message: string): LogLine | undefined {
    const space = message.indexOf(" ");
    const begun = this.#begun.get(stream);
    const line = {
      service: this.#service,
      at: begun?.at ?? message.slice(0, space),
      text: (begun?.text ?? "") + message.slice(space + 1).replace(/\r?\n$/, ""),
    };
    if (message.endsWith("\n")) {
      this.#begun.delete(stream);
      return line;
    }
    this.#begun.set(stream, line);
    return undefined;
  }
}
