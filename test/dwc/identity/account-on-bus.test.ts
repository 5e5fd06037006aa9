// Which account token the servers of a bus use, judged from their answers.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  judgeTokens,
  type OnServers,
  readConfigured,
  type ServerAnswer,
} from "../../../src/dwc/identity/core/account-on-bus.ts";

const test = suite("the account token on a bus");

const token = (iat: number): string => `e30.${Buffer.from(JSON.stringify({ iat })).toString("base64url")}.x`;
const [OLD, WANTED, NEW] = [token(1), token(2), token(3)];
const server = (name: string, loaded?: string): ServerAnswer => ({ server: name, isInCluster: true, token: loaded });
const two = (one?: string, other?: string): readonly ServerAnswer[] => [server("one", one), server("two", other)];

function judged(answers: readonly ServerAnswer[], more: Partial<OnServers> = {}): string {
  const known = answers.map((answer) => answer.server);
  const found = judgeTokens(WANTED, { answers, stored: [], known, configured: [], ...more });
  return "reason" in found ? found.reason : found.kind;
}

test("all servers have loaded the token, or would load it", () => {
  assert.is(judged(two(WANTED, WANTED)), "obeys");
  assert.is(judged(two(WANTED), { stored: [WANTED, WANTED] }), "obeys");
  assert.is(judged(two(), { stored: [WANTED, WANTED] }), "obeys");
  assert.is(judged([server("one")], { stored: [WANTED] }), "obeys", "a server alone");
});

test("one server has loaded another token, or would load it", () => {
  assert.is(judged(two(WANTED, OLD)), "older");
  assert.is(judged(two(WANTED, NEW)), "newer");
  assert.is(judged(two(WANTED), { stored: [WANTED, OLD] }), "older");
  assert.is(judged(two(), { stored: [NEW, WANTED] }), "newer");
  assert.is(judged(two()), "older", "none of them knows the org");
});

test("one server does not say, or is not there", () => {
  assert.is(judged(two(WANTED), { stored: [WANTED] }), "silent");
  assert.is(judged(two(WANTED, WANTED), { known: ["one", "two", "three"] }), "silent");
  const three = { configured: ["a:6222", "b:6222", "c:6222", "a:6222"] };
  assert.is(judged(two(WANTED, WANTED), three), "silent");
  assert.is(judged([...two(WANTED, WANTED), server("three", WANTED)], three), "obeys");
  assert.is(judged(two(WANTED, OLD), three), "older", "what is known to be wrong comes first");
});

test("the addresses in a configuration are read, and no other answer is taken for one", () => {
  const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
  assert.equal(readConfigured(bytes({ data: { cluster: { urls: ["a:6222", "b:6222"] } } })), ["a:6222", "b:6222"]);
  for (const odd of [{}, { data: 1 }, { data: { cluster: { urls: "a" } } }, [], null])
    assert.equal(readConfigured(bytes(odd)), []);
  assert.equal(readConfigured(Buffer.from("{")), []);
});

test.run();
