/** Why a command stops when the reader of its output has gone. */
export class ClosedPipe extends Error {
  constructor() {
    super("the reader of the output is gone");
    this.name = "ClosedPipe";
  }
}

/**
 * Writes to a stream that may be a pipe. When its reader ends first (`| head`), the command is stopped as by Ctrl-C, and nothing more is
 * written: without a listener, Node would end the program with a stack trace.
 */
export function writerTo(stream: NodeJS.WritableStream, stop: AbortController): (text: string) => void {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    stop.abort(new ClosedPipe());
  });
  return (text) => {
    if (!isClosedPipe(stop.signal)) stream.write(text);
  };
}

export function isClosedPipe({ reason }: AbortSignal): boolean {
  return reason instanceof ClosedPipe;
}
