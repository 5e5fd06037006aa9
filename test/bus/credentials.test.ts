// A credentials file: its holder, its account, its end and its reply subjects.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  accountOf,
  allowsSending,
  callsIn,
  MAX_CREDENTIALS_LENGTH,
  parseCredentials,
  repliesTo,
} from "../../src/bus/core/credentials.ts";
import { goldenOf } from "../support/golden.ts";

const test = suite("credentials");
const golden = goldenOf(test, "bus");

const KEY = `U${"A".repeat(55)}`;
const SEED = `SU${"B".repeat(56)}`;
const CLAIMS = { sub: KEY, name: "ratings", exp: 1_790_000_000, nats: { sub: { allow: [repliesTo(KEY)] } } };

function file(claims: unknown, seed = SEED, end = "\n"): string {
  const payload = Buffer.from(typeof claims === "string" ? claims : JSON.stringify(claims)).toString("base64url");
  return [
    "-----BEGIN NATS USER JWT-----",
    `e30.${payload}.c2ln`,
    "------END NATS USER JWT------",
    "",
    "-----BEGIN USER NKEY SEED-----",
    seed,
    "------END USER NKEY SEED------",
    "",
  ].join(end);
}

test("it says who, until when, and where answers come to", () => {
  const text = file(CLAIMS);
  assert.equal(parseCredentials(text), {
    kind: "good",
    credentials: {
      text,
      seed: SEED,
      publicKey: KEY,
      name: "ratings",
      expiresAt: 1_790_000_000,
      callerPart: "A".repeat(16),
      isOutdated: false,
    },
  });
});

/** What editors, mail and other systems make of a file. */
const SPOILT: Readonly<Record<string, (text: string) => string>> = {
  "line ends of Windows": (text) => text.replaceAll("\n", "\r\n"),
  "line ends of an old Mac": (text) => text.replaceAll("\n", "\r"),
  "a byte order mark": (text) => `\ufeff${text}`,
  "blanks at line ends": (text) => text.replaceAll("\n", " \t\n"),
  "blanks before lines": (text) => text.replaceAll("\n", "\n  "),
  "no last line end": (text) => text.trimEnd(),
  "no blank line": (text) => text.replaceAll("\n\n", "\n"),
  "more blank lines": (text) => `\n\n${text.replaceAll("\n", "\n\n\n")}\n\n`,
  "a broken token": (text) => text.replace("e30.", "e30.\n"),
  "words around it": (text) => `Here are your credentials:\n\n${text}\nBest regards\n`,
};
for (const [what, spoil] of Object.entries(SPOILT))
  test(`with ${what} it is the same file, for the client library too`, () => {
    assert.equal(parseCredentials(spoil(file(CLAIMS))), parseCredentials(file(CLAIMS)));
  });

test("two in one file are rejected as ambiguous", () => {
  const parsed = parseCredentials(file(CLAIMS) + file(CLAIMS));
  golden(parsed);
  const [tokenBlock = "", seedBlock = ""] = file(CLAIMS).split("\n\n");
  for (const text of [tokenBlock, seedBlock].map((block) => `${file(CLAIMS)}\n${block}\n`))
    assert.equal(parseCredentials(text), parsed);
});

test("a block without its end is none", () => {
  for (const name of ["USER NKEY SEED", "NATS USER JWT"]) {
    const open = file(CLAIMS).replace(`------END ${name}------`, "Best regards");
    assert.is(parseCredentials(open).kind, "bad", name);
  }
});

test("it says of which account its holder is, and what that may send to", () => {
  const account = (claims: object): string | undefined => accountOf({ text: file({ ...CLAIMS, ...claims }) });
  assert.is(account({ iss: "A1" }), "A1");
  assert.is(account({ iss: "A1", nats: { issuer_account: "A2" } }), "A2");
  for (const claims of [{}, { iss: 7 }, { iss: "A1", nats: { issuer_account: 7 } }])
    assert.is(account(claims), undefined, JSON.stringify(claims));
  const allows = (pub: unknown): boolean => allowsSending({ text: file({ ...CLAIMS, nats: { pub } }) }, "a.b");
  assert.equal([undefined, {}, { allow: "a.c" }, { allow: ["a.c", "a.b"] }].map(allows), [true, true, true, true]);
  assert.equal([{ allow: [] }, { allow: ["a.>"] }].map(allows), [false, false]);
  assert.equal([accountOf({ text: "" }), allowsSending({ text: "" }, "a.b")], [undefined, true]);
});

test("without a name the key stands for it, without an end there is none", () => {
  const { name: _name, exp: _exp, ...claims } = CLAIMS;
  const parsed = parseCredentials(file({ ...claims, exp: "soon" }));
  assert.ok(parsed.kind === "good");
  assert.is(parsed.credentials.name, KEY);
  assert.is(parsed.credentials.expiresAt, undefined);
});

test("for a name that does not fit in a line the key stands", () => {
  const nameOf = (name: string): string | undefined => {
    const parsed = parseCredentials(file({ ...CLAIMS, name }));
    return parsed.kind === "good" ? parsed.credentials.name : undefined;
  };
  for (const name of ["ann@example.org", "My Caf\u00e9", "x".repeat(254)]) assert.is(nameOf(name), name);
  for (const name of ["", " ", "x: type  curl x.sh", "a\nb", "\u001b[2J", "\u202eb", "a\u00a0\u00a0b", "x".repeat(255)])
    assert.is(nameOf(name), KEY, JSON.stringify(name));
});

test("a token of an earlier version, which allows an inbox without a service's name, is outdated", () => {
  const parsed = parseCredentials(file({ ...CLAIMS, nats: { sub: { allow: [`_INBOX.${"A".repeat(16)}.>`] } } }));
  assert.ok(parsed.kind === "good");
  assert.equal([parsed.credentials.callerPart, parsed.credentials.isOutdated], [undefined, true]);
});

test("a token of an earlier version, whose services had one operation, is outdated", () => {
  const mine = `_INBOX.*.${"A".repeat(16)}.>`;
  for (const [name, pub, sub, isOutdated] of [
    ["ann@example.org", ["*.get", "*.get.*"], ["health.*.*", mine], true],
    ["ratings", ["health.ratings.*"], ["ratings.get ratings", "ratings.get.*", mine], true],
    ["ann@example.org", ["*.*", "*.*.*"], ["health.*.*", mine], false],
    ["ratings", ["health.ratings.*"], ["ratings.* ratings", "ratings.*.*", mine], false],
    // Tokens of another tool, which may name the operations that they need.
    ["shop", ["ratings.get.*"], [mine], false],
    ["shop", ["*.get.*"], ["ratings.get.*", "_INBOX.>"], false],
  ] as const) {
    const parsed = parseCredentials(file({ ...CLAIMS, name, nats: { pub: { allow: pub }, sub: { allow: sub } } }));
    assert.ok(parsed.kind === "good");
    assert.is(parsed.credentials.isOutdated, isOutdated, `${name} ${pub} ${sub}`);
  }
});

test("the services that a token lets its holder call are read from it", () => {
  const callsOf = (nats: unknown): readonly string[] => callsIn(file({ ...CLAIMS, nats }));
  const allow = [...["health.orders.*", "_INBOX.orders.>"], ...["stock.*", "stock.*.*", "health.stock", "pay.*.*"]];
  assert.equal(callsOf({ pub: { allow } }), ["stock", "pay"]);
  for (const of of [
    ["*.*.*", "belief.*.*", "health.*.*", "chaos.*.*", "account.*.*"],
    ["a.*", "a.*.*.*", "a.*.b", 7, null],
  ])
    assert.equal(callsOf({ pub: { allow: of } }), [], String(of));
  for (const nats of [undefined, null, {}, { pub: 7 }, { pub: { allow: "a.*.*" } }]) assert.equal(callsOf(nats), []);
  assert.equal(callsIn("no credentials"), []);
});

test("a token that allows other reply subjects than ours, or all, asks for no part of its own", () => {
  for (const nats of [
    undefined,
    null,
    {},
    { sub: null },
    { sub: {} },
    { sub: { allow: "_INBOX.>" } },
    { sub: { allow: ["_INBOX.>"] } },
  ]) {
    const parsed = parseCredentials(file({ ...CLAIMS, nats }));
    assert.ok(parsed.kind === "good");
    const { callerPart, isOutdated } = parsed.credentials;
    assert.equal([callerPart, isOutdated], [undefined, false], JSON.stringify(nats));
  }
});

test("what is no credentials, or a part of some, is refused with no part of it in the words", () => {
  const good = file(CLAIMS);
  const bad = [
    ...[
      "",
      "x",
      "null",
      SEED,
      good.replace(SEED, ""),
      good.replace("e30.", ""),
      good.replace("USER NKEY", "ACCOUNT NKEY"),
    ],
    ...[
      good.replace(SEED, `SA${SEED.slice(2)}`),
      good.replace(SEED, SEED.slice(1)),
      good + "x".repeat(MAX_CREDENTIALS_LENGTH),
    ],
    ...["{", "null", "[]", '"x"', "7"].map((claims) => file(claims)),
    ...[undefined, null, 7, "", "A".repeat(56), `U${"A".repeat(54)}`, `${KEY}\n`].map((sub) =>
      file({ ...CLAIMS, sub }),
    ),
  ];
  for (const text of bad) {
    const parsed = parseCredentials(text);
    assert.ok(parsed.kind === "bad", text.slice(0, 80));
    assert.not.match(parsed.why, /[A-Z2-7]{20}/);
  }
});

test("a file may be as long as the limit, and no longer", () => {
  const padded = (length: number): string => file(CLAIMS).padEnd(length, "\n");
  assert.equal(
    [MAX_CREDENTIALS_LENGTH, MAX_CREDENTIALS_LENGTH + 1].map((length) => parseCredentials(padded(length)).kind),
    ["good", "bad"],
  );
});

test("cut anywhere before the end of its seed it is refused", () => {
  const good = file(CLAIMS);
  for (let length = 0; length <= good.indexOf(SEED) + SEED.length; length += 1)
    assert.is(parseCredentials(good.slice(0, length)).kind, "bad", String(length));
});

test.run();
