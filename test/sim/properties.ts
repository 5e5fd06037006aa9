// The properties that must always hold, in the words of the promises. Each was broken once on purpose, and caught.

export const PROPERTIES = {
  P1: "at most one retest is in flight per incarnation",
  P2: "every retest ends within its deadline",
  P3: "what the resolver, the board and dwc explain say the next choice will be is the next choice",
  P4: "a result from an earlier state changes nothing",
  P5: "an instance that answers every call in time is never open",
  P6: "one that answers none gets only the calls in flight at its first timeout, then one per retest delay",
  P7: "with one healthy instance reachable, every call succeeds once detection is over",
  P8: "round-robin counts differ by at most 1 over any stable stretch",
  P9: "a bus outage or a stall of our own opens no breaker and loses no instance",
  P10: "a goodbye removes within one message delay",
  P11: "a new incarnation never inherits an open breaker",
  P12: "reading changes nothing",
  P13: 'from any state, "all healthy" for a while leads to all closed and all used',
  P14: "memory is bounded by live incarnations plus a constant",
  P15: "no request outlives its deadline",
  P16: "a call that must not be repeated is handled once at most",
  P17: "hedging sends one call in twenty twice, never to the same one, spares who is late, and charges it all the same",
  P18: "a reply subject names the service that may answer, and serves one address alone",
  P19: "what fails on the caller's own side, or is not permitted, blames no instance; each ticket is settled once",
  P20: "an instance obeys each order for a fault, says what is on, and each ends in time",
  P21: "what an instance says of itself and of what it did is what happened",
  P22: "a caller gets the answer to its own request; its events, counters and times are those of what happened",
  P23: "a page shows who rated a thing, and how long ago",
  P24: "the state of an instance in the table follows from its heartbeats and its results",
  P25: "a handler makes no item of a stream beyond its reader's window",
  P26: "a reader gets every item of a stream once and in order, and learns when one is missing",
  P27: "a stream ends on both sides: a dead or silent sender within a second, and never without a cause",
} as const;

export type PropertyName = keyof typeof PROPERTIES;
