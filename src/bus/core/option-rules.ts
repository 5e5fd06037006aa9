// The rules of the options of a connection to the bus.

import { readNatsUrls } from "../../settings.ts";
import {
  aFunction,
  anObject,
  anObjectWith,
  aText,
  aWholeNumber,
  oneOf,
  type Rules,
  required,
  trueOrFalse,
} from "../../util/options.ts";
import type { BusTls, NatsBusOptions } from "../nats-options.ts";
import { takesReplies } from "./subjects.ts";

/** Longer than any login, and short enough that a wrong unit is found. */
const MAX_TIMEOUT_MS = 600_000;

export const aTimeout = aWholeNumber(1, MAX_TIMEOUT_MS);

const CONNECTION_METHODS = ["subscribe", "publish", "flush", "closed", "isClosed", "status", "getServer"];

const isAddress = (value: unknown): boolean => typeof value === "string" && readNatsUrls(value).kind === "read";

export const TLS_RULES: Rules<BusTls> = {
  ca: aText,
  caFile: aText,
  cert: aText,
  certFile: aText,
  key: aText,
  keyFile: aText,
  handshakeFirst: trueOrFalse,
};

export const BUS_RULES: Rules<NatsBusOptions> = {
  urls: required({
    must: "a list of addresses of one bus, such as nats://127.0.0.1:4222",
    fits: (value) => Array.isArray(value) && value.length > 0 && value.every(isAddress),
  }),
  name: required(aText),
  clock: required(
    anObjectWith("a clock, as systemClock returns", ...["now", "wall", "after", "every", "afterIoPoll", "onStall"]),
  ),
  report: required(aFunction),
  credentials: { ...anObject, must: "the credentials that a file holds" },
  readAgain: aFunction,
  hint: aText,
  openBus: oneOf("join", "join-until-secured", "refuse"),
  openBusHint: aText,
  reportOpen: aFunction,
  history: anObjectWith("a BusHistory", "watch", "hadLogins"),
  inboxPrefix: {
    must: "a text that begins with _ or an upper-case letter: no instance answers elsewhere",
    fits: (value) => typeof value === "string" && takesReplies(value),
  },
  authenticator: aFunction,
  tls: { ...anObject, must: "an object with the TLS options of the nats package, such as { caFile }" },
  connection: anObjectWith("a connection of the nats package", ...CONNECTION_METHODS),
  loginTimeoutMs: aTimeout,
};
