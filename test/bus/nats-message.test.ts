import { suite } from "uvu";
import * as assert from "uvu/assert";

import type { Body } from "../../src/bus/bus.ts";
import type { HeaderLines } from "../../src/bus/core/headers.ts";
import { errorLines, headerText, NatsMessage, replyOf, type WireMessage } from "../../src/bus/nats-message.ts";
import { wireMessage } from "../../src/testing/wire-message.ts";

const test = suite("nats message");

/** @param status of the server's; undefined: the message has no headers */
function wire(text: string, status?: number, fields: Record<string, string> = {}): WireMessage {
  if (status === undefined) return wireMessage("inbox", text);
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return wireMessage("inbox", text, { block: `NATS/1.0${status === 0 ? "" : ` ${status}`}\r\n${lines.join("")}\r\n` });
}

test("a reply without headers is an answer, be it empty", () => {
  assert.equal(replyOf(wire("4.5")), { kind: "answered", body: Buffer.from("4.5") });
  assert.equal(replyOf(wire("")), { kind: "answered", body: Buffer.from("") });
});

test("the server's 503 without a body means that there is no subscriber", () => {
  assert.equal(replyOf(wire("", 503)), { kind: "no-responders" });
});

test("a 503 with a body comes from a service, and so does the header's 503", () => {
  assert.is(replyOf(wire("busy", 503)).kind, "answered");
  const draining = wire("", 0, { "Nats-Service-Error-Code": "503", "Nats-Service-Error": "draining" });
  assert.equal(replyOf(draining), { kind: "service-error", code: 503, message: "draining" });
});

test("a service's error is a refusal, in whatever case its headers are written", () => {
  const error = wire("", 0, { "nats-service-error-code": "404", "NATS-SERVICE-ERROR": "unknown thing" });
  assert.equal(replyOf(error), { kind: "service-error", code: 404, message: "unknown thing" });
});

test("an error's text is one line of at most 500 characters, whatever was sent", () => {
  const long = wire("", 0, { "Nats-Service-Error-Code": "404", "Nats-Service-Error": "no\n such\t".repeat(10_000) });
  const reply = replyOf(long);
  assert.is(reply.kind === "service-error" && reply.message.length, 500);
  assert.ok(reply.kind === "service-error" && !/[\n\t]/.test(reply.message));
});

test("an error's text changes neither a terminal nor the direction of a line", () => {
  assert.is(headerText("a\u001b[31m \u202eb\u2066c\u200f"), "a?[31m ?b?c?");
});

test("an error whose code is missing or no number counts as 500", () => {
  assert.equal(replyOf(wire("", 0, { "Nats-Service-Error": "broke" })), {
    kind: "service-error",
    code: 500,
    message: "broke",
  });
  for (const code of ["", "abc", "-1", "4.5", "0x10", "9".repeat(400)]) {
    const reply = replyOf(wire("", 0, { "Nats-Service-Error-Code": code, "Nats-Service-Error": "broke" }));
    assert.is(reply.kind === "service-error" && reply.code, 500, code);
  }
});

test("an answer with more than a hundred headers is refused", () => {
  const answerWith = (count: number): WireMessage =>
    wireMessage("inbox", "\n".repeat(200), { block: `NATS/1.0\r\n${"a:b\r\n".repeat(count)}\r\n` });
  assert.is(replyOf(answerWith(100)).kind, "answered");
  const refused = replyOf(answerWith(101));
  assert.is(refused.kind === "service-error" && refused.code, 500);
});

test("a library without undecoded messages is read by its own headers", () => {
  const { _rdata, _msg, ...message } = wire("");
  assert.equal(replyOf(message), { kind: "answered", body: Buffer.from("") });
  const headers = { toString: () => "NATS/1.0 503 No Responders\r\n\r\n" };
  for (const half of [message, { ...message, _rdata }, { ...message, _msg }] as WireMessage[])
    assert.equal(replyOf({ ...half, headers }), { kind: "no-responders" });
});

test("other headers make no error of an answer", () => {
  const headers = new Map([["x-trace", "1"]]);
  assert.equal(replyOf(wire("4.5", 0, { "X-Trace": "1" })), { kind: "answered", body: Buffer.from("4.5"), headers });
});

test("headers that cannot be read are a refusal: who sent them is alive", () => {
  for (const block of ["NATS/2.0\r\n\r\n", "NATS/1.0\r\nno end", "\r\n"]) {
    const reply = replyOf(wireMessage("inbox", "", { block }));
    assert.is(reply.kind === "service-error" && reply.code, 500, block);
  }
});

test("an error's body is kept: it holds the data of the service's error", () => {
  const reply = replyOf(wire('{"stock":0}', 0, { "Nats-Service-Error-Code": "409", "Nats-Service-Error": "sold out" }));
  assert.equal(reply, { kind: "service-error", code: 409, message: "sold out", body: Buffer.from('{"stock":0}') });
});

test("a code without a text says so; a text keeps its letters and loses control characters", () => {
  for (const text of [undefined, "", " \t"]) {
    const headers = { "Nats-Service-Error-Code": "404", ...(text !== undefined && { "Nats-Service-Error": text }) };
    assert.equal(replyOf(wire("", 0, headers)), { kind: "service-error", code: 404, message: "(no text)" });
  }
  const odd = replyOf(
    wire("", 0, { "Nats-Service-Error-Code": "404", "Nats-Service-Error": "K\u00e4se \u001b[2J \u2615" }),
  );
  assert.equal(odd, { kind: "service-error", code: 404, message: "K\u00e4se ?[2J \u2615" });
});

test("an error's text becomes one line of bounded length", () => {
  assert.is(headerText(" a\r\nNats-Status: 200\n\tb "), "a Nats-Status: 200 b");
  assert.is(headerText("x".repeat(10_000)).length, 500);
  assert.is(headerText(`${"x".repeat(499)} ${"y".repeat(10)}`), "x".repeat(499), "nor does a cut leave a blank");
});

test("answers go where the message says, and nowhere if it says nothing", () => {
  const sent: [string, Body, HeaderLines | undefined][] = [];
  const answer = (subject: string, body: Body, lines?: HeaderLines): undefined => {
    sent.push([subject, body, lines]);
  };
  const asked = new NatsMessage(wireMessage("shop.get", "camera", { replyTo: "_INBOX.1" }), answer);
  asked.answer("4.5");
  asked.refuse(404, "unknown");
  asked.refuse(409, "sold\nout", '{"stock":0}');
  for (const replyTo of ["", undefined]) {
    const reported = new NatsMessage(wireMessage("news", "", { replyTo }), answer);
    assert.is(reported.replyTo, undefined);
    assert.is(reported.answer("thanks"), undefined);
    assert.is(reported.refuse(500, "no"), undefined);
  }
  assert.equal(sent, [
    ["_INBOX.1", "4.5", undefined],
    ["_INBOX.1", "", errorLines(404, "unknown")],
    ["_INBOX.1", '{"stock":0}', "Nats-Service-Error-Code: 409\r\nNats-Service-Error: sold out\r\n"],
  ]);
});

test("the headers of a request are there by name; where they cannot be parsed there are none", () => {
  const headersOf = (message: WireMessage): [string, string][] => [
    ...new NatsMessage(message, () => undefined).headers,
  ];
  assert.equal(headersOf(wire("{}", 0, { "X-Trace": "1", Other: "käse" })), [
    ["x-trace", "1"],
    ["other", "käse"],
  ]);
  assert.equal(headersOf(wire("{}")), []);
  assert.equal(headersOf(wireMessage("inbox", "", { block: "broken" })), []);
});

test("headers that follow equal or other ones are those of their own message", () => {
  const headerOf = (value: string): string | undefined =>
    new NatsMessage(wire("{}", 0, { "X-Trace": value }), () => undefined).headers.get("x-trace");
  assert.equal(["1", "1", "2", "1"].map(headerOf), ["1", "1", "2", "1"]);
  const broken = new NatsMessage(wireMessage("inbox", "", { block: "broken" }), () => undefined);
  assert.equal([broken.headers.size, broken.headers.size, headerOf("3")], [0, 0, "3"]);
});

test.run();
