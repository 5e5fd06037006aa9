// Every line that a Market or an instance can print, as a pattern. The functions that make the lines make the patterns,
// from sample values: so a changed wording changes the pattern at once.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { InstanceRef } from "../../src/health/member.ts";
import { failureText } from "../../src/market/ratings/core/failure-text.ts";
import { pageLine } from "../../src/market/ratings/rate-page.ts";
import { eventLine } from "../../src/monitor/events.ts";
import { asText, type LogEntry } from "../../src/program/log.ts";
import { instanceLine } from "../../src/ratings/core/lines.ts";
import { requestLine } from "../../src/ratings/core/ratings.ts";
import type { UnansweredReason } from "../../src/service/outcome.ts";
import { escapeRegExp } from "./escape-regexp.ts";
import { rate } from "./rate.ts";
import { repository } from "./repository.ts";

/** Sample values, and the patterns in their place. */
const NUMBER = 777_777;
const ID = `${NUMBER}-incarnation0`;
const SECONDS = 4_444_400;
const URL = "nats://SOMEWHERE";
const FREE: readonly (readonly [string, string])[] = [
  [ID, "\\d+-[\\w-]{12}"],
  ["4444\\.4", "\\d+\\.\\d"],
  [String(NUMBER), "\\d+"],
  ["camera", "(camera|basketball|briefcase|football)"],
  ["4\\.5", "\\d(\\.\\d)?"],
  [URL, "nats://\\S+"],
];

const who: InstanceRef = { service: "ratings", instance: NUMBER, incarnation: ID, address: `ratings.get.${ID}` };
const speaker = { instance: NUMBER, pid: NUMBER, natsUrls: [URL] };
const REASONS: readonly UnansweredReason[] = [
  ...(["timeout", "no-instances", "disconnected", "invalid-response", "denied"] as const),
];
const WHY = REASONS.map((reason) =>
  failureText({
    ...{ kind: "unanswered", reason, mayHaveExecuted: false },
    tried: [{ instance: who, result: "invalid" }],
  }),
);

const market: readonly LogEntry[] = [
  pageLine({ kind: "asking", thingID: "camera" }),
  pageLine({ kind: "waited", waitedMs: NUMBER }),
  pageLine({ kind: "got", thingID: "camera", rating: 4.5 }),
  ...WHY.map((why) => pageLine({ kind: "bad", thingID: "camera", why })),
  eventLine("ratings", { kind: "resolving" }),
  ...[[], [who], [who, who], [who, who, who]].map((live) =>
    eventLine("ratings", { kind: "resolved", live: () => live }),
  ),
  ...(["using", "joined", "returned", "draining", "left", "retesting"] as const).map((kind) =>
    eventLine("ratings", { kind, who }),
  ),
  ...(["request timed out", "retest timed out"] as const).map((why) =>
    eventLine("ratings", { kind: "opened", who, why, retestInMs: NUMBER }),
  ),
  ...(["heartbeat", "retest succeeded"] as const).map((why) => eventLine("ratings", { kind: "closed", who, why })),
  ...(["no heartbeat", "no responders"] as const).map((why) =>
    eventLine("ratings", { kind: "lost", who, why, silentMs: SECONDS }),
  ),
  eventLine("ratings", { kind: "late", who, owes: NUMBER, quietMs: NUMBER }),
  eventLine("ratings", { kind: "hedging", who, late: who, afterMs: NUMBER }),
  eventLine("ratings", { kind: "duplicate", who, other: who }),
  eventLine("ratings", { kind: "bus", status: "connected" }),
  eventLine("ratings", { kind: "bus", status: "disconnected" }),
];

const ratings: readonly LogEntry[] = [
  instanceLine(speaker, { kind: "up", address: who.address }),
  instanceLine(speaker, { kind: "resumed", pausedMs: SECONDS }),
  instanceLine(speaker, { kind: "dropped", count: NUMBER }),
  ...(["waiting", "disconnected", "reconnected", "leaving", "left"] as const).map((kind) =>
    instanceLine(speaker, { kind }),
  ),
  { level: "INFO", text: requestLine({ thingID: "camera" }, rate({ thingID: "camera" })) },
];

interface InPlace {
  readonly file: string;
  readonly start: string;
  /** The fixed parts of the text, with something between each two. */
  readonly parts: readonly string[];
}

/** Lines that are made where they are printed: known by the parts of their text that stand in the source. */
const IN_PLACE: readonly InPlace[] = [
  { file: "src/market/market.ts", start: "INFO:market:- ", parts: ["open at ", ""] },
  { file: "src/market/market.ts", start: "INFO:market:- ", parts: ["open at ", " (the monolith: no ratings)"] },
  {
    file: "src/market/board/admin.ts",
    start: "INFO:market:- ",
    parts: ["the board is at ", ", for this machine only"],
  },
  {
    file: "src/bus/server/embedded-server.ts",
    start: "INFO:bus:- ",
    parts: ["nothing answered at ", ": started nats-server there (pid ", "), which stops with this process"],
  },
  {
    file: "src/market/ratings/market-bus.ts",
    start: "INFO:bus:- ",
    parts: ["the bus at ", " is open: anyone who reaches it can join; for one with logins, see  bin/dwc --help"],
  },
];

function patternOf(line: LogEntry): RegExp {
  const pattern = FREE.reduce((text, [value, free]) => text.replaceAll(value, free), escapeRegExp(asText(line)));
  return new RegExp(`^${pattern}$`);
}

function patternInPlace({ file, start, parts }: InPlace): RegExp {
  const source = readFileSync(join(repository, file), "utf8");
  for (const part of parts) {
    if (!source.includes(part))
      throw new Error(`${file} prints no "${part}" any more: say in printed.ts what it prints`);
  }
  return new RegExp(`^${escapeRegExp(start)}${parts.map(escapeRegExp).join("\\S+")}$`);
}

const PATTERNS = [...[...market, ...ratings].map(patternOf), ...IN_PLACE.map(patternInPlace)];

/** True when a program of ours can print this line. */
export const isPrintable = (line: string): boolean => PATTERNS.some((pattern) => pattern.test(line));
