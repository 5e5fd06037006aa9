// The reader of one stream, whose every reply the test sends: what it hands over, what it grants, and how it ends.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { CallOptions, Reply } from "../../src/bus/bus.ts";
import { headerBlock, NO_HEADERS, parseHeaders } from "../../src/bus/core/headers.ts";
import { PROBE_MS, SENDER_SILENCE_MS } from "../../src/service/core/stream-window.ts";
import { endLines, itemLines, MAX_GOING_BYTES } from "../../src/service/core/stream-wire.ts";
import type { StreamError } from "../../src/service/stream-error.ts";
import { StreamReader } from "../../src/service/stream-reader.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { beatOf } from "../support/health-harness.ts";

const test = suite("reader of a stream");

const STREAM = "_INBOX.reader.1";
const COMMANDS = "ratings._stream.1-a";
const encoder = new TextEncoder();

function reply(body: string, lines: string): Reply {
  const headers = parseHeaders(headerBlock(lines))?.fields ?? NO_HEADERS;
  return { kind: "answered", body: encoder.encode(body), headers };
}
const item = (seq: number, body = String(seq)): Reply => reply(body, itemLines(seq));
const end = (count: number): Reply => reply("", endLines(count));

class Scene {
  readonly clock = new FakeClock();
  /** What is published to the sender: "grant 5" or "cancel". */
  readonly commands: string[] = [];
  readonly probes: { readonly how: CallOptions; readonly end: (reply: Reply) => void }[] = [];
  readonly reader: StreamReader;
  /** How often the reader has ended its part on the bus, and notified its owner. */
  ends = 0;
  notified = 0;

  constructor(window = 4) {
    this.reader = new StreamReader({
      bus: {
        publish: (subject, body) => this.#command(subject, String(body)),
        call: (subject, body, how, ended) => {
          this.#command(subject, String(body));
          return `probe-${this.probes.push({ how, end: ended })}`;
        },
      },
      clock: this.clock,
      instance: beatOf(1),
      stream: { replyTo: STREAM, end: () => void this.ends++ },
      window,
      ended: () => void this.notified++,
    });
  }

  #command(subject: string, body: string): void {
    const { stream, credit, cancel } = JSON.parse(body) as { stream: string; credit?: number; cancel?: true };
    assert.equal([subject, stream], [COMMANDS, STREAM]);
    this.commands.push(cancel === true ? "cancel" : `grant ${credit}`);
  }

  receive(...replies: readonly Reply[]): this {
    for (const each of replies) this.reader.receive(each);
    return this;
  }

  /** All that the caller can take now, then how the stream has ended: "open", "done", or the reason and the message. */
  async rest(): Promise<readonly unknown[]> {
    const taken: unknown[] = [];
    for (;;) {
      const next = await this.#next();
      if (typeof next === "string") return [...taken, next];
      taken.push(next.value);
    }
  }

  async #next(): Promise<{ readonly value: unknown } | string> {
    const open = new Promise<string>((resolve) => setImmediate(() => resolve("open")));
    const next = this.reader.next().then(
      ({ done, value }) => (done === true ? "done" : { value }),
      ({ reason, message }: StreamError) => `${reason}: ${message}`,
    );
    return await Promise.race([next, open]);
  }

  /** Lets `ms` pass, as its owner does: with a tick every 100 ms. */
  async passes(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 100) {
      await this.clock.advance(100);
      this.reader.tick();
    }
    await this.clock.advance(0);
  }

  async probe(answer: Reply): Promise<void> {
    await this.passes(PROBE_MS);
    const probe = this.probes.at(-1);
    if (probe === undefined) throw new Error("no probe was sent");
    probe.end(answer);
  }
}

test("items come in order, each once, and a repeated one changes nothing", async () => {
  const scene = new Scene().receive(item(1), item(2), item(1), item(2), item(3), end(3));
  assert.equal(await scene.rest(), [1, 2, 3, "done"]);
  assert.equal(await scene.rest(), ["done"]);
  assert.equal([scene.ends, scene.notified], [1, 1]);
});

test("half a window that was taken is granted at once, and nothing is granted before", async () => {
  const scene = new Scene(4).receive(item(1), item(2), item(3));
  await scene.reader.next();
  assert.equal(scene.commands, []);
  await scene.reader.next();
  assert.equal(scene.commands, ["grant 6"]);
  await scene.reader.next();
  assert.equal(scene.commands, ["grant 6"]);
});

test("large items are granted by their bytes, long before half a window", async () => {
  const large = JSON.stringify("x".repeat(MAX_GOING_BYTES / 6));
  const scene = new Scene(64).receive(item(1, large), item(2, large), item(3, large));
  for (const expected of [[], [], ["grant 67"]]) {
    await scene.reader.next();
    assert.equal(scene.commands, expected);
  }
});

test("nothing is granted to a stream that has ended", async () => {
  const scene = new Scene(2).receive(item(1), item(2), end(2));
  assert.equal(await scene.rest(), [1, 2, "done"]);
  assert.equal(scene.commands, []);
});

test("a sender that breaks a rule is cancelled, and the reader says which one", async () => {
  const cases: readonly (readonly [replies: readonly Reply[], expected: string])[] = [
    [[reply("1", "")], "invalid: the instance sent a reply that belongs to no stream"],
    [[item(1), item(2), item(3), item(4), item(5)], "invalid: the instance sent more items than it had credit for"],
    [[item(1, "{")], "invalid: an item is not JSON in UTF-8"],
    [[item(2)], "lost: items were lost: 2 came after 0"],
    [[item(1), end(2)], "lost: items were lost before the end"],
  ];
  for (const [replies, expected] of cases) {
    const scene = new Scene(4).receive(...replies);
    assert.is(scene.commands[0], "cancel", expected);
    assert.equal([scene.ends, scene.notified], [1, 1], expected);
    assert.is((await scene.rest()).at(-1), expected);
    assert.equal(await scene.rest(), ["done"], "a failure is reported once");
  }
});

test("a second end changes nothing", async () => {
  const scene = new Scene(4).receive(item(1), item(3), end(1), { kind: "denied", why: "no" });
  assert.equal(await scene.rest(), [1, "lost: items were lost: 3 came after 1"]);
  assert.equal([scene.ends, scene.notified, scene.commands], [1, 1, ["cancel"]]);
});

test("an end by the bus or by the instance says which, and cancels nothing: no one is there", async () => {
  for (const [reply, expected] of [
    [{ kind: "no-responders" }, "died: the instance has died"],
    [{ kind: "receiver-died" }, "died: the instance has died"],
    [{ kind: "denied", why: "not allowed to read" }, "denied: not allowed to read"],
    [{ kind: "disconnected" }, "disconnected: the bus was disconnected"],
    [{ kind: "service-error", code: 410, message: "no more" }, "error: no more"],
  ] as const) {
    const scene = new Scene().receive(item(1), reply);
    assert.equal(await scene.rest(), [1, expected]);
    assert.equal([scene.commands, scene.ends, scene.notified], [[], 1, 1], expected);
  }
});

test("an error of the service has its code and its data, if these can be read", async () => {
  for (const [body, data] of [
    ['{"a":1}', { a: 1 }],
    ["{", undefined],
    [undefined, undefined],
  ] as const) {
    const error = { code: 410, message: "no more", ...(body === undefined ? {} : { body: encoder.encode(body) }) };
    const scene = new Scene().receive(item(1), { kind: "service-error", ...error });
    await scene.reader.next();
    const thrown = await scene.reader.next().catch((reason: StreamError) => reason);
    if (!(thrown instanceof Error)) throw new Error("nothing was thrown");
    assert.equal([thrown.code, thrown.data, thrown.received, thrown.instance.instance], [410, data, 1, 1]);
  }
});

test("of several callers that wait the first gets the failure, and the others the end", async () => {
  const scene = new Scene();
  const waiting = [1, 2, 3].map(() => scene.rest());
  await new Promise((resolve) => setImmediate(resolve));
  const ends = [1, 2].map(() =>
    scene.reader.next().then(
      ({ done }) => done,
      ({ reason }: StreamError) => reason,
    ),
  );
  scene.receive({ kind: "denied", why: "no" });
  assert.equal(await Promise.all(ends), [true, true]);
  await Promise.all(waiting);
});

test("a reader that returns cancels once, drops what it has, and is over", async () => {
  const scene = new Scene().receive(item(1), item(2));
  assert.equal(await scene.reader.return(), { done: true, value: undefined });
  assert.equal(await scene.rest(), ["done"]);
  scene.reader.cancel("too late");
  assert.equal(await scene.rest(), ["done"]);
  assert.equal([scene.commands, scene.ends, scene.notified], [["cancel"], 1, 1]);
});

test("a cancelled reader drops what was not taken, before the end of the stream and after it", async () => {
  for (const hasEnded of [false, true]) {
    const scene = new Scene().receive(item(1), item(2), ...(hasEnded ? [end(2)] : []));
    scene.reader.cancel("the client was closed");
    assert.equal(await scene.rest(), ["cancelled: the client was closed"], `has ended: ${hasEnded}`);
    assert.equal([scene.commands, scene.ends, scene.notified], [hasEnded ? [] : ["cancel"], 1, 1]);
  }
});

test("a listener for the end is called at the end, or at once after it", () => {
  const scene = new Scene();
  const calls: string[] = [];
  scene.reader.onEnd(() => calls.push("early"));
  assert.equal(calls, []);
  scene.receive(end(0));
  scene.reader.onEnd(() => calls.push("late"));
  assert.equal(calls, ["early", "late"]);
});

test("a quiet stream is probed, and the probe has as long as a silence may last", async () => {
  const scene = new Scene();
  await scene.passes(PROBE_MS - 100);
  assert.is(scene.probes.length, 0);
  await scene.passes(100);
  assert.equal([scene.probes.length, scene.commands], [1, ["grant 4"]]);
  assert.is(scene.probes[0]?.how.timeoutMs, SENDER_SILENCE_MS);
  await scene.passes(100);
  assert.is(scene.probes.length, 1);
});

test("a probe that is answered keeps the stream, and one that is not ends it within a second", async () => {
  const scene = new Scene();
  for (let quiet = 0; quiet < 5; quiet += 1) await scene.probe(reply('{"sent":0}', ""));
  assert.equal(await scene.rest(), ["open"]);
  const silent = new Scene();
  await silent.passes(SENDER_SILENCE_MS);
  assert.is(silent.commands.at(-1), "cancel");
  assert.equal(await silent.rest(), ["silent: the instance was silent for a second"]);
});

test("what has arrived before a stall was over ends the silence", async () => {
  const scene = new Scene();
  await scene.clock.advance(SENDER_SILENCE_MS);
  scene.reader.tick();
  scene.receive(item(1));
  await scene.clock.advance(0);
  assert.equal(await scene.rest(), [1, "open"]);
});

test("the answer to a probe says what was lost, and an odd one says nothing", async () => {
  const lost = new Scene().receive(item(1));
  await lost.probe(reply('{"sent":2}', ""));
  assert.equal(await lost.rest(), [1, "lost: items were lost: 2 were sent, and 1 came"]);
  assert.is(lost.commands.at(-1), "cancel");
  for (const body of ["{", "{}", '{"sent":-1}', '{"sent":1}', "null"]) {
    const scene = new Scene().receive(item(1));
    await scene.probe(reply(body, ""));
    assert.equal(await scene.rest(), [1, "open"], body);
  }
});

test("a probe finds that the sender has died, has forgotten the stream, or may not be asked", async () => {
  for (const [answer, expected] of [
    [{ kind: "no-responders" }, "died: the instance has died"],
    [{ kind: "receiver-died" }, "died: the instance has died"],
    [{ kind: "denied", why: "no" }, "denied: no"],
    [{ kind: "service-error", code: 404, message: "unknown" }, "lost: the instance has lost the stream: unknown"],
    [{ kind: "timeout" }, "open"],
    [{ kind: "disconnected" }, "open"],
  ] as const) {
    const scene = new Scene();
    await scene.probe(answer);
    assert.equal(await scene.rest(), [expected], answer.kind);
  }
});

test("the answer to a probe that comes after the end changes nothing", async () => {
  const scene = new Scene();
  await scene.passes(PROBE_MS);
  scene.receive(item(1), end(1));
  const { commands } = scene;
  const before = [...commands];
  for (const answer of [{ kind: "no-responders" }, { kind: "service-error", code: 404, message: "unknown" }] as const)
    scene.probes[0]?.end(answer);
  assert.equal(await scene.rest(), [1, "done"]);
  assert.equal([commands, scene.ends, scene.notified], [before, 1, 1]);
});

test.run();
