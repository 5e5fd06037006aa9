// takes: 8 s
// The same against a client on the plain NATS library, which is more lenient than a bare socket.

import { openPlainNats } from "../support/wire.ts";
import { protocolRules } from "./protocol-rules.ts";

protocolRules("on the plain library", openPlainNats).run();
