import { suite } from "uvu";
import * as assert from "uvu/assert";

import { headerText, NatsMessage, replyOf, type ServiceError, type WireMessage } from "../../src/bus/nats-message.ts";

const test = suite("nats message");

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function wire(text: string, code?: number, fields: Record<string, string> = {}): WireMessage {
  const message = { subject: "inbox", data: bytes(text) };
  if (code === undefined) return message;
  return { ...message, headers: { code, keys: () => Object.keys(fields), get: (key) => fields[key] ?? "" } };
}

test("a reply without headers is an answer, be it empty", () => {
  assert.equal(replyOf(wire("4.5")), { kind: "answered", body: bytes("4.5") });
  assert.equal(replyOf(wire("")), { kind: "answered", body: bytes("") });
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

test("an answer with more than a hundred headers is refused before any is read", () => {
  const answerWith = (count: number, body = "\n".repeat(200)): WireMessage => {
    const head = `NATS/1.0\r\n${"a:b\r\n".repeat(count)}\r\n`;
    return { ...wire(body, 0), _rdata: bytes(head + body), _msg: { hdr: head.length } };
  };
  assert.is(replyOf(answerWith(100)).kind, "answered");
  const refused = replyOf(answerWith(101));
  assert.is(refused.kind === "service-error" && refused.code, 500);
  assert.is(replyOf({ ...answerWith(101), _msg: { hdr: -1 } }).kind, "answered", "it has none");
  for (const part of ["_rdata", "_msg"] as const) {
    const { [part]: _, ...without } = answerWith(101);
    assert.is(replyOf(without).kind, "answered", "another version of the library");
  }
  assert.is(replyOf({ ...wire("", 0), _rdata: bytes("NATS/1.0"), _msg: { hdr: 8 } }).kind, "answered");
});

test("other headers make no error of an answer", () => {
  assert.is(replyOf(wire("4.5", 0, { "X-Trace": "1" })).kind, "answered");
});

test("headers that cannot be read are a refusal: who sent them is alive", () => {
  const broken: WireMessage = {
    subject: "inbox",
    data: bytes(""),
    get headers(): never {
      throw new Error("bad header");
    },
  };
  const reply = replyOf(broken);
  assert.is(reply.kind === "service-error" && reply.code, 500);
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
  const sent: [string, string, ServiceError | undefined][] = [];
  const answer = (subject: string, body: string, error?: ServiceError): undefined => {
    sent.push([subject, body, error]);
  };
  const asked = new NatsMessage({ subject: "shop.get", reply: "inbox.1", data: bytes("camera") }, answer);
  asked.answer("4.5");
  asked.refuse(404, "unknown");
  for (const reply of ["", undefined]) {
    const reported = new NatsMessage(
      { subject: "news", data: bytes(""), ...(reply === undefined ? {} : { reply }) },
      answer,
    );
    assert.is(reported.replyTo, undefined);
    reported.answer("thanks");
    reported.refuse(500, "no");
  }
  assert.equal(sent, [
    ["inbox.1", "4.5", undefined],
    ["inbox.1", "", { code: 404, message: "unknown" }],
  ]);
});

test.run();
