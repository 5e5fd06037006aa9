// Input from any client of the bus: subjects, heartbeats, requests, replies. Also the messages that we publish there.

import * as fc from "fast-check";
import * as subjects from "../../src/bus/core/subjects.ts";
import { headerText, replyOf } from "../../src/bus/nats-message.ts";
import {
  encodeCommand,
  faultText,
  parseCommand,
  parseFaultStatuses,
  statusJson,
} from "../../src/faults/core/faults.ts";
import { MAX_HEARTBEAT_BYTES, parseHeartbeat } from "../../src/health/heartbeat.ts";
import { pageLine } from "../../src/market/ratings/rate-page.ts";
import { eventLine } from "../../src/monitor/events.ts";
import { MAX_STATUSES, MAX_VIEW_BYTES, parseView } from "../../src/monitor/peers.ts";
import { asText } from "../../src/program/log.ts";
import { requestLine } from "../../src/ratings/core/ratings.ts";
import { readAttempt } from "../../src/service/attempt.ts";
import { MAX_BODY_BYTES } from "../../src/service/core/body.ts";
import { encode } from "../../src/service/core/handler.ts";
import { infoAnswer, pingAnswer, type ServiceStats, statsAnswer } from "../../src/service/core/nats-service-info.ts";
import { deadlineOf, timeoutOf } from "../../src/service/core/request-headers.ts";
import { wireMessage } from "../../src/testing/wire-message.ts";
import { incoming } from "../../src/trace/core/traceparent.ts";
import { decodeBody } from "../../src/util/json.ts";
import { beatOf } from "../support/health-harness.ts";
import { rate } from "../support/rate.ts";
import { anyText, messages, nearlyText } from "./inputs.ts";
import { must, mustBeProblem, mustBeSame, type Target, target } from "./target.ts";

const BEAT = beatOf(2, { incarnation: "2-AP7huB_5qrds", seq: 3 });
const ORIGIN = { service: BEAT.service, incarnation: BEAT.incarnation, address: BEAT.address };
const VIEW = {
  ...{ service: "ratings", market: "m1", name: "host:5000", seq: 3, intervalMs: 15_000, state: "up", omitted: 2 },
  instances: [{ instance: 2, incarnation: "2-a", state: "open", since: 1_790_000_000_000, why: "request timed out" }],
};
const WHO = { ...ORIGIN, instance: 2 };
const CONTROL = /\p{Cc}/u;

const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

function heartbeatHolds(bytes: Uint8Array): void {
  const decoded = decodeBody(bytes, MAX_HEARTBEAT_BYTES);
  if (decoded.kind === "unreadable") {
    mustBeProblem(decoded.why);
    return;
  }
  const parsed = parseHeartbeat(decoded.value, ORIGIN);
  if (parsed.kind === "unreadable") {
    mustBeProblem(parsed.why);
    const line = asText(
      eventLine("ratings", { kind: "unreadable-heartbeat", subject: "health.ratings.1-a", why: parsed.why }),
    );
    must(!CONTROL.test(line), "a line is one line");
    return;
  }
  const { beat } = parsed;
  must(beat.address === ORIGIN.address && beat.incarnation === ORIGIN.incarnation, "it speaks only for itself");
  const again = decodeBody(text(beat), MAX_HEARTBEAT_BYTES);
  must(again.kind === "value", "what was believed is written as JSON");
  mustBeSame(parseHeartbeat(again.value, ORIGIN), parsed, "a heartbeat survives the way there and back");
}

function viewHolds(bytes: Uint8Array): void {
  const decoded = decodeBody(bytes, MAX_VIEW_BYTES);
  if (decoded.kind === "unreadable") {
    mustBeProblem(decoded.why);
    return;
  }
  const parsed = parseView(decoded.value, { service: "ratings", market: "m1" });
  if (parsed.kind === "unreadable") {
    mustBeProblem(parsed.why);
    return;
  }
  const { market, instances } = parsed.view;
  must(market === "m1" && instances.length <= MAX_STATUSES, "it speaks only for itself, and not for ever");
  const again = parseView(JSON.parse(JSON.stringify({ service: "ratings", ...parsed.view })), {
    service: "ratings",
    market,
  });
  mustBeSame(again, parsed, "a view survives the way there and back");
}

function requestHolds(bytes: Uint8Array): void {
  const decoded = decodeBody(bytes, MAX_BODY_BYTES);
  if (decoded.kind === "unreadable") {
    mustBeProblem(decoded.why);
    return;
  }
  const handled = rate(decoded.value);
  must(!/[^ -~]/.test(requestLine(decoded.value, handled)), "what is printed of a request is printable");
  const encoded = encode(handled);
  if (encoded.kind === "refusal") {
    must([400, 404].includes(encoded.code), "a bad request is 400 or 404");
    mustBeProblem(encoded.message);
    return;
  }
  const { thingID, rating } = JSON.parse(String(encoded.body)) as { thingID: unknown; rating: unknown };
  must(
    typeof thingID === "string" && typeof rating === "number" && rating >= 0 && rating <= 5,
    "an answer is a rating",
  );
}

function faultOrderHolds(bytes: Uint8Array): void {
  const decoded = decodeBody(bytes, MAX_HEARTBEAT_BYTES);
  const order = parseCommand(decoded.kind === "value" ? decoded.value : undefined);
  if (order.kind === "bad") {
    mustBeProblem(order.why);
    return;
  }
  mustBeSame(parseCommand(JSON.parse(encodeCommand(order))), order, "an order survives the way there and back");
  must(order.kind !== "begin" || (order.forMs >= 500 && order.forMs <= 600_000), "every fault has an end");
}

function faultNotesHold(bytes: Uint8Array): void {
  const decoded = decodeBody(bytes, MAX_HEARTBEAT_BYTES);
  const notes = parseFaultStatuses(decoded.kind === "value" ? decoded.value : undefined);
  if (notes === undefined) return;
  must(notes.length <= 4 && notes.every(({ endsInMs }) => endsInMs >= 0), "few, and each with an end");
  mustBeSame(
    parseFaultStatuses({ faults: notes.map(statusJson) }),
    notes,
    "what was believed survives the way there and back",
  );
  must(!CONTROL.test(notes.map(faultText).join()), "what is shown of them is printable");
}

interface WireReply {
  readonly data: Uint8Array;
  /** Undefined: none; "broken": they are none of NATS. */
  readonly headers: readonly (readonly [string, string])[] | "broken" | undefined;
  readonly status: number;
}

const headerName = fc.oneof(
  fc.constantFrom("Nats-Service-Error-Code", "nats-service-error", "NATS-SERVICE-ERROR-CODE", "__proto__"),
  anyText,
);
const headerValue = fc.oneof(fc.constantFrom("404", "503", "0404", "4.4", "-1", "٥٠٣"), anyText);
const replies: fc.Arbitrary<WireReply> = fc.record({
  data: fc.oneof(messages({ thingID: "camera", rating: 4.5 }), fc.constant(new Uint8Array())),
  headers: fc.oneof(
    fc.constant(undefined),
    fc.constant("broken" as const),
    fc.array(fc.tuple(headerName, headerValue), { maxLength: 3 }),
  ),
  status: fc.constantFrom(0, 503, 404, Number.NaN),
});

function blockOf({ headers, status }: WireReply): string {
  if (headers === undefined) return "";
  if (headers === "broken") return "NATS/2";
  return `NATS/1.0${status === 0 ? "" : ` ${status}`}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
}

function replyHolds(wire: WireReply): void {
  const reply = replyOf(wireMessage("inbox", wire.data, { block: blockOf(wire) }));
  if (reply.kind === "service-error") {
    must(reply.code >= 0 && reply.code <= 999, "a code has three digits");
    must(!reply.message.includes("\n") && reply.message === headerText(reply.message), "a message is a header's text");
  }
  const end = readAttempt(reply, (value) =>
    Object(value).rating === 4.5 ? { kind: "valid", value } : { kind: "invalid", problems: [] },
  );
  if (end.kind === "checking") throw new Error("a synchronous reader is not awaited");
  const wanted: Record<typeof end.kind, readonly string[]> = {
    ok: ["answered"],
    error: ["answered"],
    none: ["no-responders", "invalid", "draining", "rejected"],
  };
  must(wanted[end.kind].includes(end.result), `${end.kind} may not count as ${end.result}`);
  const why = end.kind === "error" ? `${end.code} ${end.message}` : end.kind;
  must(!CONTROL.test(asText(pageLine({ kind: "bad", thingID: "camera", why }))), "a line is one line");
}

function subjectHolds(subject: string): void {
  if (subjects.takesReplies(subject))
    must(!/^[^A-Z_]|[*>$\s]/.test(subject), "an answer is no call, no heartbeat, no fault and nothing of the server's");
  const incarnation = subjects.incarnationOf("ratings", subject);
  if (incarnation !== undefined) {
    must(subjects.heartbeatSubject("ratings", incarnation) === subject, "a subject survives the way there and back");
    subjects.assertSubject(subjects.directSubject("ratings", incarnation));
    must(!subjects.takesReplies(subject), "an answer is no heartbeat");
  }
  const name = subjects.checkServiceName(subject);
  if (name.kind === "bad") {
    mustBeProblem(name.why);
    return;
  }
  for (const made of [subjects.sharedSubject(subject), ...subjects.serviceVerbSubjects("INFO", subject, "1-a")]) {
    must(!subjects.takesReplies(made), "an answer is no call");
    must(
      /^[^\s*>]+$/.test(made) && made.split(".").every((token) => token !== ""),
      `${made} is a subject of whole words`,
    );
  }
}

const counts = fc.record({
  ...{ requests: fc.nat(), errors: fc.nat(), dropped: fc.nat(), overloaded: fc.nat(), lastError: anyText },
  processingMs: fc.double({ min: 0, max: 1e12, noNaN: true }),
});

function verbsHold(given: ServiceStats): void {
  const { service, incarnation, instance, address } = WHO;
  const identity = { service, incarnation, instance, address, version: "1.0.0", operations: ["get"] };
  const stats = JSON.parse(JSON.stringify(statsAnswer(identity, () => given, "2024-01-01T00:00:00.000Z")));
  const [endpoint] = stats.endpoints;
  for (const key of ["num_requests", "num_errors", "processing_time", "average_processing_time"]) {
    must(Number.isInteger(endpoint[key]) && endpoint[key] >= 0, `${key} is whole: ${endpoint[key]}`);
  }
  mustBeSame(endpoint.last_error, JSON.parse(JSON.stringify(given.lastError)), "the last error");
  must(pingAnswer(identity) !== infoAnswer(identity), "there are answers");
}

const PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/** Accepted input is published to others, and logged. */
function traceHolds([traceparent, tracestate]: readonly [string, string]): void {
  const came = incoming(traceparent, tracestate);
  if (came === undefined) return;
  must(/^[0-9a-f]{32}$/.test(came.traceId) && !/^0+$/.test(came.traceId), "a trace id is one");
  must(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/.test(came.carried.traceparent), "what goes on is of our version");
  mustBeSame(incoming(came.carried.traceparent, came.carried.tracestate), came, "what goes on is taken in again");
  must((came.carried.tracestate ?? "").length <= 512, "the state of others is bounded");
}

/** The time in the headers of a request. */
function timeHolds([timeout, sentAt]: readonly [string, string]): void {
  const headers = new Map([
    ["dwc-timeout-ms", timeout],
    ["dwc-sent-at-ms", sentAt],
  ]);
  for (const read of [timeoutOf(headers), deadlineOf(headers)])
    must(read === undefined || (Number.isSafeInteger(read) && read >= 0), "a time is a whole number of milliseconds");
}

const timeText = fc.oneof(fc.constantFrom("1000", "0", "-1", "1e3", "999999999999999"), anyText);

export const WIRE_TARGETS: readonly Target[] = [
  target("the time of a request", fc.tuple(timeText, timeText), timeHolds),
  target("heartbeats", messages(BEAT), heartbeatHolds),
  target("views of Markets", messages(VIEW, { ...VIEW, state: "gone", instances: [] }), viewHolds),
  target("requests", messages({ thingID: "camera", deadline: 1_790_000_000_000 }, { thingID: "piano" }), requestHolds),
  target(
    "fault orders",
    messages({ fault: "slow", byMs: 300, forMs: 60_000 }, { fault: "fail", share: 0.3 }),
    faultOrderHolds,
  ),
  target(
    "faults that are on",
    messages({
      faults: [
        { fault: "slow", byMs: 300, endsInMs: 5 },
        { fault: "fail", share: 0.3, endsInMs: 1 },
      ],
    }),
    faultNotesHold,
  ),
  target("replies", replies, replyHolds),
  target(
    "subjects and names",
    fc.oneof(anyText, nearlyText("health.ratings.2-AP7huB_5qrds", "ratings", "greetings-2_b", "_INBOX.ratings.a.b.c")),
    subjectHolds,
  ),
  target("service verbs", counts, verbsHold),
  target("traces", fc.tuple(fc.oneof(anyText, nearlyText(PARENT, `cc${PARENT.slice(2)}-x`)), anyText), traceHolds),
];
