// Listeners, tracers and other user code that throw, reject, return odd thenables, or close and call what they listen to, at
// random: every call ends once, in time; no ticket is left; no rejection is unhandled.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Client } from "../../src/service/client.ts";
import { answer } from "../../src/service/core/handler.ts";
import type { Outcome } from "../../src/service/outcome.ts";
import type { Trace, Tracing } from "../../src/trace/core/trace.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { ServiceScene, TIMEOUT_MS } from "../support/service-scene.ts";

const fuzz = suite("listeners at random");

const SEEDS = 150;
const CALLS = 12;
/** A listener that calls has an end. */
const MAX_NESTED = 20;

const boom = (): never => {
  throw new Error("boom");
};
const THEN = "then";
type Settle = (value: unknown) => unknown;
const thenable = (then: (take: Settle, reject: Settle) => unknown): object =>
  Object.defineProperty({}, THEN, { value: then });

/** What was thrown may be anything. */
const ODD_ERRORS: readonly (() => unknown)[] = [
  () => undefined,
  () => Object.create(null),
  () => ({ toString: boom }),
  () => Object.defineProperty(new Error("x"), "message", { get: boom }),
  () => Object.defineProperty(new Error("x"), "stack", { get: boom }),
  () => new Proxy({}, { get: boom, getPrototypeOf: boom }),
];

/** Acts of a listener that break nothing by themselves. */
class Mischief {
  readonly random: () => number;
  readonly outcomes: Promise<Outcome>[] = [];
  scene: ServiceScene | undefined;
  #nested = 0;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  /** A listener whose every call does something else. */
  readonly listener = (): unknown => {
    const acts = this.#acts();
    return acts[Math.floor(this.random() * acts.length)]?.();
  };

  /** The same where the library has no part in what is returned: its rejection would be the test's own. */
  readonly act = (): unknown => {
    const returned = this.listener();
    if (returned instanceof Promise) returned.catch(() => undefined);
    return returned;
  };

  #acts(): readonly (() => unknown)[] {
    const { scene } = this;
    const error = ODD_ERRORS[Math.floor(this.random() * ODD_ERRORS.length)] ?? boom;
    const throwing = (): never => {
      throw error();
    };
    const harmless = [
      ...[() => undefined, throwing, boom, async () => throwing(), () => Promise.reject(error())],
      ...[() => thenable(throwing), () => Object.defineProperty({}, THEN, { get: throwing })],
      () => thenable((_, reject) => reject(error())),
      () => thenable((take) => take(thenable(throwing))),
    ];
    if (scene === undefined) return harmless;
    const reentering = [
      ...[() => this.ask(scene.client), () => scene.instance.goodbye(), () => scene.instance.resumed()],
      () => scene.client.ready(),
      // Rare, as nothing happens after them.
      ...(this.random() < 0.1
        ? [() => scene.client.close(), () => scene.bus.close(), () => scene.buses[0]?.close()]
        : []),
    ];
    return [...harmless, ...harmless, ...reentering];
  }

  ask(client: Client): void {
    if (++this.#nested > MAX_NESTED) return;
    this.outcomes.push(client.ask({ n: this.#nested }, { idempotent: this.random() < 0.5 }));
  }
}

/** Spans whose every method may misbehave. */
function tracingOf({ act, random }: Mischief): Tracing {
  const trace = (): Trace => ({
    traceId: "1".repeat(32),
    requestId: "a",
    carried: random() < 0.5 ? undefined : ({ traceparent: act() } as unknown as Trace["carried"]),
    startSpan: () => span(),
  });
  const span = () => ({ ...trace(), end: () => void act() });
  return {
    serve: () => [act(), span()][1] as never,
    active: () => [act(), trace()][1] as never,
    within: (_, handle) => {
      const result = handle();
      act();
      return result;
    },
  };
}

async function run(seed: number): Promise<void> {
  const mischief = new Mischief(seed);
  const { listener, random } = mischief;
  const tracing = tracingOf(mischief);
  const odd = { onEvent: listener, report: listener, random: listener as () => number, tracing };
  const scene = new ServiceScene({
    count: 3,
    client: { ...odd, onAttempt: listener, hedge: random() < 0.5, rules: { requestTimeoutMs: TIMEOUT_MS } },
    instance: odd,
    handle: () => {
      const kind = random();
      if (kind < 0.5) return answer({});
      if (kind < 0.7) return new Promise(() => undefined);
      mischief.act();
      return listener() as never;
    },
  });
  scene.bus.watch(listener);
  await scene.start();
  mischief.scene = scene;
  for (let call = 0; call < CALLS; call++) {
    mischief.outcomes.push(
      scene.client.ask({}, { read: random() < 0.3 ? (listener as never) : (body) => ({ kind: "valid", value: body }) }),
    );
    await scene.clock.advance(random() * TIMEOUT_MS);
    if (random() < 0.1) scene.network.disconnect();
    if (random() < 0.3) scene.network.reconnect();
  }
  for (let settled = 0; settled < mischief.outcomes.length; settled = mischief.outcomes.length) {
    await scene.clock.advance(3 * TIMEOUT_MS);
    const kinds = await Promise.all(mischief.outcomes.map((outcome) => scene.ended(outcome)));
    for (const { kind } of kinds) assert.ok(["ok", "error", "unanswered"].includes(kind), kind);
  }
  mischief.scene = undefined;
  for (const bus of [scene.bus, ...scene.buses]) void bus.close();
  scene.client.close();
  await scene.clock.advance(10 * TIMEOUT_MS);
  assert.is(scene.clock.timers, 0, "timers are left");
}

fuzz(`${SEEDS} scenes`, async () => {
  const unhandled: unknown[] = [];
  const keep = (reason: unknown): void => void unhandled.push(reason);
  process.on("unhandledRejection", keep);
  const { error } = console;
  // A report that fails goes there.
  console.error = () => undefined;
  try {
    for (let seed = 1; seed <= SEEDS; seed++) {
      await run(seed).catch((reason: unknown) => {
        throw new Error(`seed ${seed}: ${(reason as Error).stack}`);
      });
      assert.is(unhandled.length, 0, `seed ${seed}: ${String((unhandled[0] as Error | undefined)?.stack)}`);
    }
  } finally {
    console.error = error;
    process.off("unhandledRejection", keep);
  }
});

fuzz.run();
