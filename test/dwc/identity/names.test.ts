// Names as people type them, and as people who mean harm do.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  quoteName,
  sameEmail,
  shellWord,
  validateEmail,
  validateServiceName,
  validateText,
} from "../../../src/dwc/identity/core/names.ts";
import { goldenOf } from "../../support/golden.ts";

const test = suite("names");
const golden = goldenOf(test, "dwc/identity");

const INVISIBLE = [
  ..."\u0000 \u0007 \n \r \t \u001b[2J \u200b \u202e \u2028 \u2029 \ufeff \ue000 \ud800".split(" "),
  ..."\u{e0041} \u034f \u3164 \ufe0f".split(" "),
];

test("a service is called by small letters, digits, - and _, a letter first", () => {
  for (const name of ["ratings", "r", "a-b_c9", "get2", "healthy", "x".repeat(64)])
    assert.is(validateServiceName(name), undefined, name);
  for (const name of [
    ...["", "a b", " a", "a "],
    ..."Ratings 9a -a _a a.b * > a* a/b .. $sys ratıngs r\u0430tings ｒ é".split(" "),
    "x".repeat(65),
  ])
    assert.type(validateServiceName(name), "string", name);
});

test("no service is called by a word that the bus uses itself", () => {
  for (const name of ["health", "get", "_inbox", "_INBOX", "$SYS", "$sys", "$SRV", "$srv", "$JS", "$KV", "$G"])
    assert.type(validateServiceName(name), "string", name);
});

test("the problem of a service's name says what is wrong: the form, the length or that the bus uses it", () => {
  for (const [name, problem] of [
    ["get", /reserved/],
    ["Ratings", /must be lower-case/],
    ["x".repeat(65), /longer than 64/],
    ["x".repeat(101), /64 at most/],
    ["rat\u200bings", /64 at most/],
  ] as const)
    assert.match(validateServiceName(name) ?? "", problem);
});

test("nothing that cannot be seen is in any name", () => {
  for (const odd of INVISIBLE) {
    const name = `ra${odd}t`;
    assert.type(validateServiceName(name), "string", JSON.stringify(name));
    golden(validateText("org", name) ?? "");
    assert.type(validateEmail(`${name}@example.org`), "string", JSON.stringify(name));
  }
});

test("a person and an org are called as they like, in 100 characters", () => {
  for (const name of [
    "Ann",
    "Søren Æ. Ødegård",
    "株式会社",
    "عمر",
    "O'Neill & Sons <3",
    "x".repeat(100),
    "a 😀",
    "a ❤\ufe0f",
  ])
    assert.is(validateText("org", name), undefined, name);
  golden(validateText("org", "") ?? "");
  golden(validateText("person", "  \u00a0") ?? "");
  golden(validateText("person", "x".repeat(101)) ?? "");
});

test("an address has one @, plain letters, and a dot behind it", () => {
  for (const email of [
    "ann@example.org",
    "a.b+c@ex-ample.co.uk",
    "o'neill@example.org",
    `${"a".repeat(240)}@example.org`,
  ])
    assert.is(validateEmail(email), undefined, email);
  for (const email of [
    ...["", ..."ann ann@ @example.org ann@example a@b@c.de".split(" "), "a b@c.de"],
    ...".a@b.cd -a@b.cd --org-id=a@b.cd a..b@c.de a@b..cd a@b.cd\n ann@ex\u0430mple.org".split(" "),
    "Ann <ann@example.org>",
    `${"a".repeat(250)}@example.org`,
  ])
    golden(validateEmail(email) ?? "");
});

test("the case of an address says nothing", () => {
  assert.ok(sameEmail("Ann@Example.org", "ann@example.ORG"));
  assert.not.ok(sameEmail("ann@example.org", "anne@example.org"));
});

test("an error repeats a name short, quoted and harmless", () => {
  assert.is(quoteName("ratings"), '"ratings"');
  assert.is(quoteName('a"b'), '"a\\"b"');
  assert.is(quoteName("x".repeat(41)), `"${"x".repeat(40)}…"`);
  golden(quoteName("x: type  curl\u00a0 \u3000x.sh"));
  for (const odd of INVISIBLE) assert.not.match(quoteName(`a${odd}b`), /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/u);
  for (const problem of [validateServiceName, validateEmail, (name: string) => validateText("org", name)]) {
    const said = problem(`\u001b[31m${"x".repeat(10_000)}`) ?? "";
    assert.ok(said.length > 0 && said.length < 200, said.slice(0, 300));
    assert.not.match(said, "\u001b");
  }
});

test("a word of a command to copy is quoted where a shell would act on it", () => {
  for (const plain of ["ann@example.org", "a.b+c@x-y.org", "U7ABC", "ratings_2", "/tmp/x.creds"])
    assert.is(shellWord(plain), plain);
  assert.is(shellWord("`id`@example.org"), "'`id`@example.org'");
  assert.is(shellWord("$(id)"), "'$(id)'");
  assert.is(shellWord("o'neill@example.org"), "'o'\\''neill@example.org'");
  assert.is(shellWord(""), "''");
});

test("an address has at most the 254 characters of SMTP", () => {
  const domain = "@example.org";
  for (const [length, isGood] of [
    [254, true],
    [255, false],
  ] as const)
    assert.is(validateEmail(`${"a".repeat(length - domain.length)}${domain}`) === undefined, isGood, String(length));
});

test.run();
