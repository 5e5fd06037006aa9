// The rules for a server's words, and for the end of an attempt to connect.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  type ConnectFailure,
  describeConnectionLoss,
  describeLoginFailure,
  describeProbe,
  GARBLED,
  isRefusal,
  permissionError,
  redactLogin,
  TIMED_OUT,
  warningText,
} from "../../src/bus/connect-failure.ts";
import { readBusAddress } from "../../src/bus/core/bus-address.ts";
import { denialOf, endsConnection, readServerError, serverWords } from "../../src/bus/core/server-errors.ts";

const test = suite("connect failure");

const [BUS, TLS] = [readBusAddress("nats://a:1"), readBusAddress("tls://a:1")];
const NO_HOLDER = { holder: undefined, hint: undefined };
const ANN = { holder: "ann@example.org", hint: "type  dwc renew" };

const WORDS = {
  refused: [
    "Authorization Violation",
    "User Authentication Expired",
    "User Authentication Revoked",
    "Account Authentication Expired",
  ],
  limited: [
    ...["maximum subscriptions exceeded", "maximum account active connections exceeded"],
    ...["maximum connections exceeded", "maximum user connections exceeded", "maximum client active connections"],
    ...["maximum account leaf nodes", "maximum leafnode", "Connection throttling is active"],
    ...["subject has exceeded number of tokens limit", "too many subject tokens", "Secure Connection - TLS Required"],
    ...["attempted to connect to route port", "attempted to connect to leaf node port"],
    ...[
      "maximum control line exceeded",
      "attempted to connect to gateway port",
      "Attempted To Connect To Leafnode Port",
    ],
  ],
  over: [
    ...["Authentication Timeout", "Authorization timed out", "Slow Consumer", "Stale Connection"],
    ...["Maximum Payload Violation", "Server Shutdown", "lame duck mode"],
    ...["Unknown Protocol Operation", "Parser Error", "protocol violation", "Invalid Client Protocol"],
  ],
  other: ["Headers Not Supported", "Invalid Subject", "Invalid Publish Subject", "Something New"],
} as const;

test("every error of a server is known by its words, and some end the connection", () => {
  for (const [kind, all] of Object.entries(WORDS))
    for (const words of all) {
      assert.is(readServerError(serverWords(`'${words}'`)).kind, kind, words);
      assert.is(endsConnection(words), kind !== "other", words);
    }
  const denied = "Permissions Violation for Publish to";
  assert.is(endsConnection(`${denied} "a.b"`), false);
  assert.equal(readServerError(`${denied} "a b"`), { kind: "denied", operation: "publish", subject: "a?b" });
  const subscription = { kind: "denied", operation: "subscription", subject: "a.b" } as const;
  assert.equal(readServerError(denialOf("a.b")), subscription);
  assert.equal(readServerError(`${denialOf("a.b")} using queue "q"`), subscription);
});

test("a server's words are one line of a bounded length, without their quotes", () => {
  assert.is(serverWords("'a\u0000\u001b[31mb\n'"), "a [31mb ");
  assert.is(serverWords(" 'it's' "), "it's");
  assert.is(serverWords("not 'Authorization Violation'"), "not 'Authorization Violation'");
  assert.is(serverWords("x".repeat(300)), "x".repeat(300));
  assert.is(serverWords("x".repeat(301)), `${"x".repeat(300)}…`);
});

test("a subject that is denied is read as a subject, whatever its sender has put into it", () => {
  for (const subject of [
    ...["xümaximumüsubscriptionsüexceeded", `gateway${"a".repeat(400)}`, "authorizationüviolation"],
    ...['a\\"b', "slowüconsumer", `protocol.error.${"a".repeat(400)}`, "maximum\\x01connections\\x01exceeded"],
    'a\\"ümaximumüconnectionsüexceeded\\"',
  ]) {
    const read = readServerError(serverWords(`'Permissions Violation for Publish to "${subject}"'`));
    assert.is(read.kind, "denied", subject);
    assert.not.match(read.kind === "denied" ? read.subject : " ", / /);
  }
});

test("what a person has to change is tried less and less often", () => {
  const all: Readonly<Record<ConnectFailure["kind"], boolean>> = {
    ...{
      unreachable: false,
      unresolved: false,
      silent: false,
      "not-nats": false,
      open: false,
      failed: false,
      lost: false,
    },
    ...{ refused: true, limited: true, untrusted: true },
  };
  for (const [kind, expected] of Object.entries(all))
    assert.is(isRefusal({ kind: kind as ConnectFailure["kind"] } as ConnectFailure), expected, kind);
});

test("each way in which no server greets is a trouble of its own, with the address and the system's word", () => {
  const sentences = (
    [
      [{ kind: "nothing", why: "ECODE" }, "unreachable"],
      [{ kind: "unresolved", why: "ECODE" }, "unresolved"],
      [{ kind: "not-nats" }, "not-nats"],
      [{ kind: "not-nats", speaks: "HTTP" }, "not-nats"],
      [{ kind: "wrong port", port: { of: "route" } }, "limited"],
      [{ kind: "wrong port", port: { of: "gateway" } }, "limited"],
      [{ kind: "wrong port", port: { of: "leafnode" } }, "limited"],
      [{ kind: "silent", step: "greeting" }, "silent"],
      [{ kind: "silent", step: "TLS" }, "silent"],
      [{ kind: "closed", step: "greeting", why: "ECODE" }, "failed"],
      [{ kind: "closed", step: "TLS", why: "ECODE" }, "failed"],
      [{ kind: "TLS failed", why: "ECODE" }, "untrusted"],
      [{ kind: "no TLS" }, "untrusted"],
      [{ kind: "TLS first" }, "untrusted"],
    ] as const
  ).map(([found, kind]) => {
    const trouble = describeProbe(found, BUS);
    assert.is(trouble.kind, kind, JSON.stringify(found));
    assert.ok(trouble.message.includes("nats://a:1"), trouble.message);
    assert.is(trouble.message.includes("(ECODE)"), "why" in found, trouble.message);
    return trouble.message;
  });
  assert.is(new Set(sentences).size, sentences.length);
  const silent = [BUS, TLS].map((address) => describeProbe({ kind: "silent", step: "greeting" }, address).message);
  assert.match(silent[0] ?? "", /write tls:\/\//);
  assert.not.match(silent[1] ?? "", /write tls:\/\//);
  const port = { of: "route", clientPort: 4333 } as const;
  for (const url of ["nats://a:1", "tls://[::1]:1"]) {
    const cure = `set NATS_URL=${url.replace(/\d+$/, "4333")}`;
    assert.ok(describeProbe({ kind: "wrong port", port }, readBusAddress(url)).message.endsWith(`: ${cure}`), url);
  }
  const late = (["EAI_AGAIN", "ENOTFOUND"] as const).map(
    (why) => describeProbe({ kind: "unresolved", why }, BUS).message,
  );
  assert.match(late[0] ?? "", /\(EAI_AGAIN\).*: look at the DNS of this machine/);
  assert.match(late[1] ?? "", /the name a in nats:\/\/a:1 .*\(ENOTFOUND\): correct NATS_URL/);
});

test("each failure of a TLS handshake says what to change, and one that is not known its code alone", () => {
  const means = (why: string): string => describeProbe({ kind: "TLS failed", why }, TLS).message.replace(why, "");
  const groups = [
    ["SELF_SIGNED_CERT_IN_CHAIN", "UNABLE_TO_VERIFY_LEAF_SIGNATURE", "UNABLE_TO_GET_ISSUER_CERT"],
    ["ERR_TLS_CERT_ALTNAME_INVALID"],
    ["CERT_HAS_EXPIRED"],
    ["CERT_NOT_YET_VALID"],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "ERR_SSL_PACKET_LENGTH_TOO_LONG", "ERR_SSL_HTTP_REQUEST", "ERR_SSL_BAD_RECORD"],
    ["CERTIFICATE_REQUIRED", "ERR_SSL_HANDSHAKE_FAILURE", "ERR_SSL_BAD_CERTIFICATE"],
    ["EPROTO"],
  ].map((codes) => new Set(codes.map(means)));
  assert.equal(
    groups.map(({ size }) => size),
    groups.map(() => 1),
  );
  assert.is(new Set(groups.flatMap((group) => [...group])).size, groups.length);
  assert.match(means("EPROTO"), /\(\)$/);
  const named = describeProbe(
    { kind: "TLS failed", why: "ERR_TLS_CERT_ALTNAME_INVALID", names: ["b.example", "c"] },
    TLS,
  );
  assert.match(named.message, "b.example, c");
});

test("a login that fails is what the server made of it", () => {
  for (const [said, kind] of [
    [GARBLED, "not-nats"],
    [TIMED_OUT, "failed"],
    ["tlsv13 ALERT_CERTIFICATE_REQUIRED", "untrusted"],
    ["ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE", "untrusted"],
    ["Authorization Violation", "refused"],
    ["maximum connections exceeded", "limited"],
    ["Authentication Timeout", "failed"],
    ["ECONNRESET", "failed"],
  ] as const)
    for (const error of [new Error(said), said])
      assert.is(describeLoginFailure(error, BUS, NO_HOLDER).kind, kind, said);
  for (const said of [TIMED_OUT, "Authentication Timeout", "ECONNRESET"])
    assert.is(describeLoginFailure(said, BUS, NO_HOLDER).isLate === true, said !== "ECONNRESET", said);
  const sentenceOf = (said: string, caller = NO_HOLDER as typeof ANN | typeof NO_HOLDER): string =>
    describeLoginFailure(new Error(said), BUS, caller).message;
  assert.match(
    sentenceOf("Authorization Violation", ANN),
    /ann@example\.org.*: Authorization Violation; type {2}dwc renew$/,
  );
  assert.match(sentenceOf("Authorization Violation"), /lets? us in: Authorization Violation$/);
  for (const [url, login] of [
    ["nats://u:pw12345@a:1", "with the user in NATS_URL, nor with the credentials of ann@example.org "],
    ["nats://t0ken@a:1", "with the token in NATS_URL, nor with "],
  ] as const)
    assert.match(describeLoginFailure("Authorization Violation", readBusAddress(url), ANN).message, login);
  assert.match(sentenceOf("Authentication Timeout"), /: Authentication Timeout: ./);
  assert.match(sentenceOf("ECONNRESET"), /: ECONNRESET$/);
  assert.match(sentenceOf("maximum connections exceeded"), /\(maximum connections exceeded\): ./);
});

test("a connection ends as what the server said last", () => {
  for (const [reason, kind, isDenial] of [
    ["maximum subscriptions exceeded", "limited", undefined],
    [denialOf("ratings.get"), "limited", true],
    ["Slow Consumer", "lost", undefined],
    ["User Authentication Expired", "lost", undefined],
    ["it stopped answering", "lost", undefined],
  ] as const) {
    const trouble = describeConnectionLoss(reason, BUS, ANN);
    assert.equal([trouble.kind, trouble.isDenial], [kind, isDenial], reason);
    assert.ok(trouble.message.includes(isDenial ? "ratings.get" : "nats://a:1"), trouble.message);
    assert.is(/(Slow Consumer|Expired): ./.test(trouble.message), /Slow|Expired/.test(reason), trouble.message);
  }
  assert.match(describeConnectionLoss("it stopped answering", BUS, ANN).message, /: it stopped answering$/);
});

test("the server's words hold nothing of the login, and are not cut for a password of a letter or two", () => {
  const shown = (words: string, userinfo: string): string =>
    redactLogin(words, readBusAddress(`nats://${userinfo}a:1`));
  assert.is(shown("Authorization Violation", ""), "Authorization Violation");
  for (const userinfo of ["on@", "i:on@", "ann:on@", "i:Violation@"])
    assert.is(shown("Authorization Violation", userinfo), "Authorization Violation", userinfo);
  assert.is(shown("Authorization Violation of anna", "anna:Violation@"), "Authorization … of …");
  assert.is(shown("Authorization Violation of t0ken", "t0ken@"), "Authorization Violation of …");
  assert.is(shown("no on", "i:on@"), "no …", "servers may parse it in different ways");
});

test("a denial names the forbidden act: to send, to subscribe, or to answer", () => {
  for (const [operation, subject, about] of [
    ["publish", "ratings.get", "not allowed to send to"],
    ["subscription", "ratings.get", "not allowed to subscribe to"],
    ["subscription", "_INBOX.a.b", "not allowed to subscribe to"],
    ["publish", "_INBOX.a.b", "reply subject"],
    ["publish", "_INBOXES.a.b", "not allowed to send to"],
  ] as const) {
    const denied = permissionError(operation, subject, ANN);
    assert.is(denied.about, about, `${operation} ${subject}`);
    for (const part of [subject, "ann@example.org"]) assert.ok(denied.message.includes(part), denied.message);
    assert.is(denied.message.endsWith(": type  dwc renew"), about !== "reply subject", denied.message);
    assert.not.match(permissionError(operation, subject, NO_HOLDER).message, /undefined|credentials of ann/);
  }
  const warning = warningText("Invalid Subject", "a message was dropped", BUS);
  for (const part of ["nats://a:1", '"Invalid Subject"', "a message was dropped"]) assert.ok(warning.includes(part));
});

test.run();
