// The limit for queries that any client of the bus may send: a roll call, a query of the NATS service protocol, a list of
// faults. One message of a few bytes makes every instance build and publish a reply. Without a limit, a flood of them would
// leave no time for requests.

import { TokenBucket } from "../../util/token-bucket.ts";

/** A caller sends a roll call when it connects and whenever a breaker opens. Tools send one query a second. */
const QUERY_BURST = 100;
/** More than all tools together need. The load is not measurable beside that of reading a flood. */
const QUERIES_PER_SECOND = 100;

/** A token bucket for one kind of query: a flood of one kind does not use up the limit of the others. */
export const queryLimit = (): TokenBucket => new TokenBucket(QUERY_BURST, QUERIES_PER_SECOND);
