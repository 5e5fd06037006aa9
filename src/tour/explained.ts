// What the lines mean, for one who sees them for the first time.

const EXPLAINED: readonly (readonly [RegExp, string])[] = [
  [/ started nats-server there /, "the bus, over which they all speak: none was there, so the Market brought one"],
  [/instance \d+ is up: /, "a process of its own, with an address of its own on the bus"],
  [/^ASK for /, "the page wants this rating"],
  [/DWC resolving ratings/, "before each call: who is there to be asked?"],
  [/DWC resolved ratings => \[\]/, "nobody is known who could be asked"],
  [/DWC resolved ratings => \[.+\]/, "those who could be asked: each address is one process"],
  [/ratings using instance /, "whose turn it is: the next number, leaving out whoever hangs"],
  [/^BAD \w+: all services are down/, "nobody to ask, so nobody waits"],
  [/^BAD \w+: request timed out/, "no answer within the second that a call may take"],
  [/^WAITED /, "how long the page waited for its ratings, in all"],
  [/^GET \w+ => \d/, "the other end of a call: the instance answers"],
  [/^GOT /, "the rating came"],
  [/ joined: /, "its first heartbeat was heard"],
  [/ returned: /, "it was silent for too long, and beats again"],
  [/ is leaving: /, "it says goodbye first, so nobody sends it anything new"],
  [/ left: /, "gone in good order: no call was lost"],
  [/ lost: .*no responders/, "the bus says that nobody listens at that address: the call goes on to another"],
  [/ lost: .*no heartbeat/, "silent for two heartbeats: a second opinion, beside the breaker"],
  [/OPEN breaker/, "one unanswered call is enough: from now on it is left out"],
  [/RETEST breaker/, "a copy of a real request, to see whether it lives; no shopper waits for it"],
  [/CLOSE breaker/, "it has proved that it lives: it takes its turns again"],
  [/resumed after a pause/, "it has measured itself that it did not run"],
  [/dropped \d+ expired/, "requests from before the pause, whose callers have gone"],
];

/** @returns what the line means; undefined for one that needs no explaining */
export function explanationOf(line: string): string | undefined {
  return EXPLAINED.find(([pattern]) => pattern.test(line))?.[1];
}
