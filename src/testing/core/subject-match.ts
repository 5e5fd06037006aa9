// Patterns of subscriptions, as a NATS server reads them.

/** True when a subject matches a pattern: `*` is one token, `>` is all the rest. */
export function matches(pattern: string, subject: string): boolean {
  const wanted = pattern.split(".");
  const given = subject.split(".");
  for (const [place, token] of wanted.entries()) {
    if (token === ">") return given.length > place;
    if (given[place] === undefined || (token !== "*" && token !== given[place])) return false;
  }
  return wanted.length === given.length;
}
