// Bugs in what the caller brings: its request, options, check, listeners, tracer, chance. Each ends its own call at most,
// settles its ticket, is reported, and says nothing about an instance. A rejection that is left over ends the test's process.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { newBalancer } from "../../src/health/balancer.ts";
import type { Ticket } from "../../src/health/ticket.ts";
import type { AskOptions } from "../../src/service/client.ts";
import type { ClientOptions } from "../../src/service/client-options.ts";
import { answer, type HandlerResult } from "../../src/service/core/handler.ts";
import type { Validated } from "../../src/service/outcome.ts";
import type { Span, Trace } from "../../src/trace/core/trace.ts";
import { goldenOf } from "../support/golden.ts";
import { endOf, failedPart, ServiceScene, TIMEOUT_MS } from "../support/service-scene.ts";

const bugs = suite("a caller's bugs");
const golden = goldenOf(bugs, "service");

const RULES = { requestTimeoutMs: TIMEOUT_MS, retestDelayMs: 5_000 };

const boom = (): never => {
  throw new Error("boom");
};

/** Instances 1 and 2, and a client of theirs whose tickets are counted. */
class Scene extends ServiceScene {
  /** Instances that do not answer, by number. */
  readonly hung = new Set<number>();
  readonly handled = [0, 0, 0];
  readonly #settled: Ticket[] = [];
  #given = 0;

  private constructor(client: Partial<ClientOptions>) {
    super({
      ...{ count: 2, handle: (_, instance) => this.#handle(instance) },
      client: { random: Math.random, rules: RULES, ...client },
    });
    this.#watchTickets();
  }

  static of(client: Partial<ClientOptions> = {}): Promise<Scene> {
    return new Scene(client).start();
  }

  #handle(instance: number): HandlerResult | Promise<HandlerResult> {
    this.handled[instance] = (this.handled[instance] ?? 0) + 1;
    return this.hung.has(instance) ? new Promise(() => undefined) : answer({ from: instance });
  }

  #watchTickets(): void {
    const { tracker } = this.client;
    const [admit, admitRetest, settle] = [
      tracker.admit.bind(tracker),
      tracker.admitRetest.bind(tracker),
      tracker.settle.bind(tracker),
    ];
    tracker.admit = (...args) => {
      this.#given += 1;
      return admit(...args);
    };
    tracker.admitRetest = (...args) => {
      const admitted = admitRetest(...args);
      if (admitted !== undefined) this.#given += 1;
      return admitted;
    };
    const { lateness } = tracker;
    const ask = lateness.ask.bind(lateness);
    lateness.ask = (...args) => {
      const ticket = ask(...args);
      if (ticket !== undefined) this.#given += 1;
      return ticket;
    };
    tracker.settle = (ticket, ...rest) => {
      this.#settled.push(ticket);
      return settle(ticket, ...rest);
    };
  }

  /** Every ticket that was handed out has been settled, and none of them twice. */
  async settles(): Promise<void> {
    await this.clock.advance(2 * TIMEOUT_MS);
    assert.is(this.#settled.length, this.#given, "tickets settled, and handed out");
    assert.is(new Set(this.#settled).size, this.#given, "a ticket was settled twice");
  }

  breaker(instance: number): string {
    const member = [...this.client.tracker.all()].find(({ who }) => who.instance === instance);
    return member?.breaker.kind ?? "unknown";
  }

  proven(): number {
    return [...this.client.tracker.all()].filter(({ hasAnswered }) => hasAnswered).length;
  }

  /** Hangs until its breaker is open and no heartbeat closes it any more, and is well again. */
  async open(instance: number): Promise<void> {
    this.hung.add(instance);
    const isOpen = (): boolean =>
      [...this.client.tracker.all()].some(
        ({ who, breaker }) => who.instance === instance && breaker.kind === "open" && !breaker.heartbeatMayClose,
      );
    for (let call = 0; call < 20 && !isOpen(); call++) {
      await this.ask();
      await this.clock.advance(TIMEOUT_MS);
    }
    this.hung.delete(instance);
    assert.ok(isOpen(), `it is ${this.breaker(instance)}`);
  }
}

/** How a call may be made: each way has to survive the same bugs. */
const WAYS: readonly (readonly [string, AskOptions, boolean])[] = [
  ["", {}, false],
  ["hedged, ", {}, true],
  ["not idempotent, ", { idempotent: false }, false],
];

const circular: Record<string, unknown> = {};
circular["self"] = circular;
const { proxy: revoked, revoke } = Proxy.revocable({}, {});
revoke();
const UNWRITABLE: readonly (readonly [string, object])[] = [
  ["a BigInt", { count: 1n }],
  ["a circle", circular],
  ["a toJSON that throws", { toJSON: boom }],
  ["a getter that throws", Object.defineProperty({}, "tea", { enumerable: true, get: boom })],
  ["a revoked proxy", revoked],
  ["a toJSON that throws what is no error", { toJSON: () => Promise.reject.call(null) }],
];

for (const [way, options, hedge] of WAYS) {
  bugs(`${way}a request that cannot be written fails before an instance is chosen`, async () => {
    const scene = await Scene.of({ hedge });
    for (const [, request] of UNWRITABLE) {
      const ended = await scene.ask(options, request);
      golden(failedPart(ended));
    }
    assert.is(scene.ends.filter(({ kind }) => kind === "failed").length, UNWRITABLE.length);
    await scene.settles();
    assert.equal([scene.handled, scene.proven()], [[0, 0, 0], 0]);
    assert.is((await scene.ask(options)).kind, "ok");
  });

  bugs(`${way}a check that throws fails its call, and its instance is neither blamed nor trusted`, async () => {
    const scene = await Scene.of({ hedge });
    const checks: readonly (() => unknown)[] = [boom, async () => true, async () => boom()];
    for (const read of checks) {
      const ended = await scene.ask({ ...options, read: read as never });
      golden(failedPart(ended));
    }
    await scene.settles();
    assert.equal([scene.proven(), scene.breaker(1), scene.breaker(2)], [0, "closed", "closed"]);
    assert.is((scene.handled[1] ?? 0) + (scene.handled[2] ?? 0), 3, "no other was asked");
    golden(scene.reports[0] ?? "");
    assert.is(scene.reports.length, 1, "a sentence a minute");
  });

  bugs(`${way}listeners that throw, or reject, change nothing, and are reported`, async () => {
    for (const broken of [boom, async () => boom()]) {
      const scene = await Scene.of({ hedge, onEvent: broken, onAttempt: broken });
      assert.is((await scene.ask(options)).kind, "ok");
      await scene.open(1);
      await scene.clock.advance(10_000);
      // Of calls that must not be copied, the hundredth in a row is the retest. The last ten end the probation.
      for (let call = 0; call < 110; call++) assert.is((await scene.ask(options)).kind, "ok");
      assert.is(scene.breaker(1), "closed", "the retest that was answered closed it");
      await scene.settles();
      golden(scene.reports.join("\n"));
    }
  });

  bugs(`${way}a tracer that throws costs the spans, and not the call`, async () => {
    const scene = await Scene.of({ hedge });
    const carried = Object.defineProperty({}, "traceparent", { get: boom }) as never;
    const span: Span = { traceId: "1", requestId: "1", carried, startSpan: boom, end: boom };
    const traces: readonly Trace[] = [
      { traceId: "1", requestId: "1", carried: undefined, startSpan: boom },
      { traceId: "1", requestId: "1", carried, startSpan: undefined },
      { traceId: "1", requestId: "1", carried: undefined, startSpan: () => span },
      { traceId: "1", requestId: "1", carried: { traceparent: 1n } as never, startSpan: undefined },
      Object.defineProperty({}, "begin", { get: boom }) as Trace,
    ];
    for (const trace of traces) assert.is((await scene.ask({ ...options, trace })).kind, "ok");
    await scene.settles();
    golden(scene.reports.join("\n"));
  });
}

const signalWith = (own: object): AbortSignal =>
  Object.assign(Object.create({ aborted: false, addEventListener() {}, removeEventListener() {} }), own);

bugs("a signal that is none, or throws, ends its own call as failed or changes nothing", async () => {
  const scene = await Scene.of();
  const failing: readonly AbortSignal[] = [
    {} as AbortSignal,
    signalWith({ addEventListener: boom }),
    Object.defineProperty(signalWith({}), "aborted", { get: boom }),
    "no signal" as unknown as AbortSignal,
  ];
  for (const signal of failing) {
    const ended = await scene.ask({ signal });
    golden(failedPart(ended));
  }
  assert.is((await scene.ask({ signal: signalWith({ removeEventListener: boom }) })).kind, "ok");
  golden(scene.reports.join("\n"));
  await scene.settles();
});

bugs("a signal that fires twice, at once, or long after ends its own call and no other", async () => {
  const scene = await Scene.of();
  const atOnce = signalWith({ addEventListener: (_kind: string, fire: () => void) => [fire(), fire()] });
  golden(await scene.ask({ signal: atOnce }));
  let late: () => void = boom;
  const keeping = signalWith({ addEventListener: (_kind: string, fire: () => void) => (late = fire) });
  assert.is((await scene.ask({ signal: keeping })).kind, "ok");
  const other = scene.ask();
  late();
  assert.is((await other).kind, "ok");
  const raised = AbortSignal.abort();
  golden(await scene.ask({ signal: raised }));
  await scene.settles();
});

bugs(
  "a caller that gives up ends its own call; its instance and that of the retest are charged all the same",
  async () => {
    const scene = await Scene.of();
    await scene.open(1);
    scene.hung.add(1).add(2);
    await scene.clock.advance(3 * RULES.retestDelayMs);
    const giveUp = new AbortController();
    const asking = scene.client.ask({}, { signal: giveUp.signal });
    await scene.clock.advance(10);
    scene.ends.length = 0;
    giveUp.abort();
    assert.is((await asking).kind, "unanswered");
    await scene.clock.advance(2 * TIMEOUT_MS);
    const ends = scene.ends.map(
      (ended) => ended.kind === "attempt" && [ended.who.instance, ended.sentAs, ended.result],
    );
    assert.equal(ends.sort(), [
      [1, "copy", "timeout"],
      [2, "call", "timeout"],
    ]);
    await scene.settles();
  },
);

bugs("listeners and checks that call the client again, and throw, lose no call and no ticket", async () => {
  for (const hedge of [false, true]) {
    const again: Promise<unknown>[] = [];
    let callsLeft = 0;
    const callAgain = (): never => {
      callsLeft -= 1;
      if (callsLeft >= 0) again.push(scene.client.ask({}, { read: callAgain }));
      return boom();
    };
    const scene: Scene = await Scene.of({ hedge, onEvent: callAgain, onAttempt: callAgain });
    scene.hung.add(1);
    callsLeft = 20;
    again.push(scene.client.ask({}), scene.client.ask({}, { idempotent: false, read: callAgain }));
    await scene.settles();
    await scene.settles();
    assert.is((await Promise.all(again)).length, 22);
  }
});

bugs("a check that aborts its own call ends it, and its answer counts", async () => {
  const scene = await Scene.of();
  const leaving = new AbortController();
  const read = (value: unknown): Validated => {
    leaving.abort();
    return { kind: "valid", value };
  };
  const ended = await scene.ask({ signal: leaving.signal, read });
  assert.is(endOf(ended), "cancelled");
  await scene.settles();
  assert.equal([scene.proven(), scene.ends.map((end) => end.kind === "attempt" && end.result)], [1, ["answered"]]);
});

bugs("options that cannot be read fail by themselves", async () => {
  const scene = await Scene.of();
  const odd: readonly unknown[] = [
    null,
    { read: "anything" },
    Object.defineProperty({}, "read", { get: boom }),
    Object.defineProperty({}, "signal", { get: boom }),
    revoked,
  ];
  for (const options of odd) {
    const ended = await scene.ask(options as AskOptions);
    golden(failedPart(ended));
  }
  await scene.settles();
});

bugs("chance that throws, or is none, delays no retest for good", async () => {
  for (const random of [boom, () => Number.NaN, () => 7, (() => "x") as unknown as () => number]) {
    const scene = await Scene.of({ random });
    await scene.open(1);
    scene.hung.add(1);
    await scene.clock.advance(RULES.retestDelayMs);
    await scene.ask();
    await scene.clock.advance(2 * TIMEOUT_MS);
    assert.is(scene.breaker(1), "open");
    scene.hung.delete(1);
    await scene.clock.advance(3 * RULES.retestDelayMs);
    for (let call = 0; call < 4; call++) await scene.ask();
    assert.is(scene.breaker(1), "closed");
    await scene.settles();
  }
});

bugs("a core that throws ends calls as failed, and neither a timer nor the process", async () => {
  for (const method of ["tick", "settle"] as const) {
    const scene = await Scene.of({
      createBalancer: (...given) => {
        const core = newBalancer(...given);
        if (method !== "settle")
          return Object.assign(core, { tracker: Object.assign(core.tracker, { [method]: boom }) });
        const settle = core.tracker.settle.bind(core.tracker);
        core.tracker.settle = (...args) => {
          settle(...args);
          return boom();
        };
        return core;
      },
    });
    await scene.clock.advance(1_000);
    assert.is((await scene.ask()).kind, "ok", method);
  }
  const scene = await Scene.of();
  scene.client.tracker.live = boom;
  assert.is((await scene.ask()).kind, "ok");
  scene.client.resolver.next = boom;
  const ended = await scene.ask();
  golden(failedPart(ended));
});

bugs("a report that throws loses no call, and its sentence goes to stderr", async () => {
  const { error } = console;
  const said: unknown[] = [];
  console.error = (sentence: unknown) => said.push(sentence);
  try {
    const scene = await Scene.of({ report: boom, onEvent: boom });
    assert.is((await scene.ask()).kind, "ok");
    await scene.settles();
  } finally {
    console.error = error;
  }
  golden(String(said[0]));
});

bugs.run();
