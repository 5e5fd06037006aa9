// How often an instance answers a question that any client of the bus may send: a roll call, a question of the NATS
// service protocol, a list of faults. One message of a few bytes has every instance build and publish an answer.
// Without a limit a flood of them leaves no time for requests.

import { TokenBucket } from "../../health/token-bucket.ts";

/** Callers need one roll call each when they connect and one for each breaker that opens; tools ask once a second. */
const QUERY_BURST = 100;
/** More than any number of tools asks for, and a load that cannot be measured beside the reading of a flood. */
const QUERIES_PER_SECOND = 100;

/** A bucket for one kind of question, so that a flood of one kind leaves the others answered. */
export const queryLimit = (): TokenBucket => new TokenBucket(QUERY_BURST, QUERIES_PER_SECOND);
