// takes: 8 s
// The same against a client on the plain NATS library, which is more lenient than a bare socket.

import { openPlainNats } from "../support/wire.ts";
import { protocolSuite } from "./protocol-rules.ts";

const foreign = protocolSuite("on the plain library", openPlainNats);

foreign.run();
