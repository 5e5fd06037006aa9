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
} from "../../util/options.ts";
import type { NatsBusOptions } from "../nats-options.ts";
import { takesReplies } from "./subjects.ts";

/** Longer than any login, and short enough that a wrong unit is found. */
const MAX_TIMEOUT_MS = 600_000;

export const aTimeout = aWholeNumber(1, MAX_TIMEOUT_MS);

const isAddress = (value: unknown): boolean => typeof value === "string" && readNatsUrls(value).kind === "read";

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
  loginTimeoutMs: aTimeout,
};
