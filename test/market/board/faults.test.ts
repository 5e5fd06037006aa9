// The board's form as any browser can post it, and its result.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Reply } from "../../../src/bus/bus.ts";
import type { Credentials } from "../../../src/bus/core/credentials.ts";
import { credentialsFile } from "../../../src/bus/core/credentials-text.ts";
import { chaosSubject } from "../../../src/bus/core/subjects.ts";
import type { Board } from "../../../src/market/board/board.ts";
import { readFaultForm } from "../../../src/market/board/core/fault-form.ts";
import { type FaultOutcome, openFaultController } from "../../../src/market/board/faults.ts";
import type { LogEntry } from "../../../src/program/log.ts";
import { Visitor, withMarket } from "../serve.ts";

const test = suite("fault form");

test("a form has the fault, its instance and its duration, in a person's units", () => {
  assert.equal(readFaultForm("target=2-a&fault=slow&byMs=300&percent=30&forS=1.5"), {
    ...{ kind: "read", target: "2-a" },
    order: { kind: "begin", fault: { kind: "slow", byMs: 300 }, forMs: 1_500 },
  });
  assert.equal(readFaultForm("target=2-a&fault=fail&percent=30&forS=600"), {
    ...{ kind: "read", target: "2-a" },
    order: { kind: "begin", fault: { kind: "fail", share: 0.3 }, forMs: 600_000 },
  });
  assert.is(readFaultForm("target=2-a&fault=pause&forS=1.125").kind, "read");
  assert.equal(readFaultForm("fault=reset"), { kind: "read", target: undefined, order: { kind: "reset" } });
});

test("all instances can only be reset, and a target has to be an id", () => {
  for (const body of ["fault=kill", "target=&fault=pause", "fault=list"])
    assert.is(readFaultForm(body).kind, "bad", body);
  for (const target of ["*", ">", "2-a.b", "2 a", "x".repeat(65)])
    assert.is(readFaultForm(new URLSearchParams({ target, fault: "kill" }).toString()).kind, "bad", target);
});

test("what is out of range, or no number, is refused", () => {
  for (const rest of [
    "fault=explode",
    "",
    ...[
      "forS=0",
      "forS=0.4",
      "forS=601",
      "forS=1e3",
      "forS=-1",
      "forS=",
      "forS=x",
      "forS=x2",
      "forS=2x",
      "forS=+3",
      "forS=3e1",
    ].map((time) => `fault=pause&${time}`),
    ...["byMs=0", "byMs=60001", "byMs=", ""].map((by) => `fault=slow&${by}`),
    ...["percent=0", "percent=101", "percent=x", ""].map((share) => `fault=fail&${share}`),
  ])
    assert.is(readFaultForm(`target=2-a&${rest}`).kind, "bad", rest);
});

const visitor = new Visitor();
const taker = JSON.stringify({ service: "ratings", instance: 2, incarnation: "2-a", faults: [] });
const said = (body: string): Uint8Array => Buffer.from(body);

test("the desk says what came of it, and the log has it", async () => {
  const lines: LogEntry[] = [];
  let reply: Reply = { kind: "no-responders" };
  let taken: Uint8Array[] = [];
  const asked: string[] = [];
  const gathered: string[] = [];
  const bus = {
    status: "connected",
    request: (subject: string) => {
      asked.push(subject);
      return Promise.resolve(reply);
    },
    requestMany: (_subject: string, body: string) => {
      gathered.push(body);
      return Promise.resolve(taken);
    },
  } as unknown as Parameters<typeof openFaultController>[0]["bus"];
  const desk = openFaultController({ service: "ratings", bus, say: (line) => void lines.push(line) });
  const ask = async (body: string): Promise<FaultOutcome> => {
    const form = readFaultForm(body);
    if (form.kind === "bad") throw new Error(form.why);
    const outcome = await desk.ask(form);
    assert.ok(lines.at(-1)?.text.endsWith(outcome.message) && lines.at(-1)?.event === "chaos.asked");
    return outcome;
  };
  for (const [secured, allow, mayAsk] of [
    [undefined, ["a.b"], true],
    [false, ["a.b"], true],
    [true, undefined, true],
    [true, ["a.b"], false],
    [true, ["a.b", "chaos.*.*"], true],
  ] as const) {
    const claims = Buffer.from(JSON.stringify({ nats: { pub: { allow } } })).toString("base64url");
    const credentials = { text: credentialsFile(`a.${claims}.c`, `SU${"A".repeat(56)}`) } as Credentials;
    Object.assign(bus, { requiresAuth: secured, credentials });
    assert.is(desk.mayAsk, mayAsk, `secured: ${secured}, to ${allow}`);
  }
  for (const [kind, isDone] of [
    ["no-responders", false],
    ["disconnected", false],
    ["service-error", false],
    ["answered", true],
  ] as const) {
    reply = { kind, code: 403, message: "no", body: said(taker) } as unknown as Reply;
    const outcome = await ask("target=2-a&fault=pause&forS=2");
    assert.is(outcome.isDone, isDone, kind);
    if (kind === "service-error") assert.match(outcome.message, /: no$/);
  }
  assert.equal([...new Set(asked)], [chaosSubject("ratings", "2-a")]);
  assert.match((await ask("target=2-a&fault=slow&byMs=300&forS=2")).message, /^instance 2: .*300 ms.* for 2 s$/);
  assert.match((await ask("target=2-a&fault=kill")).message, /^instance 2 is killed.* INSTANCE=2$/);
  assert.match((await ask("target=2-a&fault=reset")).message, /^instance 2\b/);
  assert.match((await ask("target=2-a&fault=list")).message, /^instance 2\b/);
  assert.equal([lines[0]?.level, lines[0]?.logger], ["WARNING", "chaos"]);
  assert.is((await ask("fault=reset")).isDone, false, "no instance took the reset");
  assert.equal(gathered, ['{"fault":"reset"}']);
  taken = [said(taker)];
  const all = await ask("fault=reset");
  assert.equal([all.isDone, all.message.includes("instance 2")], [true, true]);
});

test("where faults are allowed, a valid form goes to the desk; page or JSON comes back", async () => {
  const forms: unknown[] = [];
  const outcome: FaultOutcome = { isDone: false, message: "2-a refused it" };
  const ask = (form: unknown): Promise<FaultOutcome> => {
    forms.push(form);
    return Promise.resolve(outcome);
  };
  const faults = { mayAsk: true, ask };
  const board = { faults } as unknown as Board;
  await withMarket({ board: () => board }, async ({ admin, url }) => {
    const post = (body: string, headers = {}, at = admin) => visitor.post(`${at}/board/faults`, body, headers);
    assert.is((await post("target=2-a&fault=explode")).status, 400);
    assert.is((await post("target=2-a&fault=kill", {}, url)).status, 404, "not on the shop's listener");
    assert.equal(forms, []);
    const { status, headers } = await post("target=2-a&fault=kill");
    assert.equal([status, headers.get("location"), forms.length], [303, "/board", 1]);
    const asData = async () => {
      const answer = await post("fault=reset", { accept: "application/json" });
      return [answer.status, JSON.parse(answer.body)];
    };
    assert.equal(await asData(), [409, { done: false, message: outcome.message }]);
    Object.assign(outcome, { isDone: true });
    assert.equal(await asData(), [200, { done: true, message: outcome.message }]);
    faults.mayAsk = false;
    assert.is((await post("fault=reset")).status, 403);
    assert.is(forms.length, 3);
    Object.assign(board, { faults: undefined });
    assert.is((await post("fault=reset")).status, 404);
  });
});

test.run();
