// The context of a request, which a handler receives beside its input.

import type { RequestContext } from "../service/request-context.ts";

/**
 * A request, besides its input. A handler passes it whole to the calls that it makes: `inventory.call.reserve(item, { within:
 * context })`. The time that is left, the signal, the metadata and the trace then go along.
 */
export type CallContext = Omit<RequestContext, "headers">;
