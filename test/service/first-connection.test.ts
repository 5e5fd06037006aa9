// Calls before the first connection: which of them wait, and what is left of a wait.

import { getEventListeners } from "node:events";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openClient } from "../../src/service/client.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { MemoryNetwork } from "../../src/testing/memory-network.ts";
import { endOf, TEA, TIMEOUT_MS } from "../support/service-scene.ts";

const test = suite("first connection");

class Scene {
  readonly clock = new FakeClock();
  readonly bus = new MemoryNetwork(this.clock).bus();
  readonly reports: string[] = [];
  /** Those of the client. */
  readonly watchers: ((status: "disconnected") => void)[] = [];

  constructor(lastFailure?: object) {
    this.bus.disconnect();
    const watch = this.bus.watch.bind(this.bus);
    Object.assign(this.bus, {
      lastFailure,
      watch: (listener: (status: string) => void) => {
        this.watchers.push(listener);
        return watch(listener);
      },
    });
  }

  open() {
    const { bus, clock } = this;
    const report = (sentence: string): unknown => this.reports.push(sentence);
    return openClient({ service: TEA, bus, clock, report, rules: { requestTimeoutMs: TIMEOUT_MS } });
  }
}

/** How the call has ended by now. */
async function endNow(clock: FakeClock, asked: ReturnType<ReturnType<Scene["open"]>["ask"]>): Promise<string> {
  let end = "waits";
  void asked.then((outcome) => {
    end = endOf(outcome);
  });
  await clock.advance(0);
  return end;
}

test("a call waits for a server that cannot be reached, and not for one that denies the login", async () => {
  for (const [lastFailure, expected] of [
    [undefined, "waits"],
    [{ kind: "unreachable", message: "connection refused" }, "waits"],
    [{ kind: "limited", message: "not allowed", isDenial: false }, "waits"],
    [{ kind: "login", message: "Authorization Violation", isDenial: true }, "denied"],
  ] as const) {
    const scene = new Scene(lastFailure);
    assert.is(await endNow(scene.clock, scene.open().ask({})), expected, JSON.stringify(lastFailure));
  }
});

test("a bus that says once more that it is disconnected ends no wait: calls wait for its first connection", async () => {
  const scene = new Scene();
  const client = scene.open();
  for (const watcher of scene.watchers) watcher("disconnected");
  assert.is(await endNow(scene.clock, client.ask({})), "waits");
});

test("once connected, no call waits any more, whatever the bus does later", async () => {
  const scene = new Scene();
  const client = scene.open();
  scene.bus.reconnect();
  scene.bus.disconnect();
  assert.is(await endNow(scene.clock, client.ask({})), "disconnected");
});

test("a wait leaves nothing at the caller's signal, and reports nothing", async () => {
  const scene = new Scene();
  const client = scene.open();
  const { signal } = new AbortController();
  const asked = [client.ask({}, { signal }), client.ask({})];
  await scene.clock.advance(TIMEOUT_MS);
  for (const one of asked) assert.is(endOf(await scene.clock.run(one)), "disconnected");
  assert.equal([getEventListeners(signal, "abort").length, scene.reports], [0, []]);
});

test("a signal that throws is reported by its name, and its call waits all the same", async () => {
  const scene = new Scene();
  const client = scene.open();
  const boom = (): never => {
    throw new Error("boom");
  };
  const signal = { aborted: false, addEventListener: boom, removeEventListener: boom } as unknown as AbortSignal;
  assert.is(await endNow(scene.clock, client.ask({}, { signal })), "waits");
  assert.match(scene.reports.join(), /^signal of the client of tea failed, .*boom/);
});

test.run();
