// takes: 8 s
// docs/protocol.md, held against a client on a bare socket.

import { openRawNats } from "../support/raw-nats.ts";
import { protocolRules } from "./protocol-rules.ts";

protocolRules("on a bare socket", openRawNats).run();
