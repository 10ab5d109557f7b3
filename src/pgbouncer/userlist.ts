/** One line of a rendered `userlist.txt`: `"user" "verifier"`. Names hold no quote: stack config does not allow one. */
const entry = /^"([^"]+)" "[^"]*"$/;

/** User → whole line. */
function entriesOf(userlist: string): ReadonlyMap<string, string> {
  return new Map(userlist.split("\n").flatMap((line) => (entry.test(line) ? [[userOf(line), line] as const] : [])));
}

function userOf(line: string): string {
  return entry.exec(line)?.[1] ?? "";
}

/** Users that both lists let in, in the order of the first. */
export function sharedUsers(running: string, wanted: string): readonly string[] {
  const others = entriesOf(wanted);
  return [...entriesOf(running).keys()].filter((user) => others.has(user));
}

/** Users of both lists whose verifier is another. */
export function changedUsers(running: string, wanted: string): readonly string[] {
  const before = entriesOf(running);
  const after = entriesOf(wanted);
  return sharedUsers(running, wanted).filter((user) => before.get(user) !== after.get(user));
}

/** The running list with the wanted verifiers of these users, and nothing else changed. */
export function withVerifiers(running: string, wanted: string, users: readonly string[]): string {
  const after = entriesOf(wanted);
  return running
    .split("\n")
    .map((line) => (users.includes(userOf(line)) ? (after.get(userOf(line)) ?? line) : line))
    .join("\n");
}
