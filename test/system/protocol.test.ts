// takes: 8 s
// docs/protocol.md, held against a client on a bare socket.

import { openRawNats } from "../support/raw-nats.ts";
import { protocolSuite } from "./protocol-rules.ts";

const foreign = protocolSuite("on a bare socket", openRawNats);

foreign.run();
