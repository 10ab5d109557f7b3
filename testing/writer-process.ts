import { Writer } from "./writer.ts";

// A writer as a process, for a network that the test itself is not in: writes to the URL in its argument from the line
// `started` until its input ends, then prints what it saw as JSON.
const writer = await Writer.start(process.argv[2] ?? "");
console.log("started");
for await (const _chunk of process.stdin);
await writer.next();
console.log(JSON.stringify(await writer.stop()));
