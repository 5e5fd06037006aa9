// Middleware on both sides: what it sees and may change, and what its own mistakes lead to.

import { getEventListeners } from "node:events";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { CallContext } from "../../src/connect/call-context.ts";
import type { CallOptions } from "../../src/connect/call-options.ts";
import { CallError, ServiceError } from "../../src/connect/errors.ts";
import type { Middleware } from "../../src/connect/middleware.ts";
import type { Outcome } from "../../src/service/outcome.ts";
import { ContractScene, handlers } from "../support/contract-scene.ts";

const test = suite("middleware");

const item = { sku: "tea", count: 1 };
const never = (): Promise<never> => new Promise(() => undefined);
/** What plain JavaScript may do, and no compiler allows. */
const plain = (middleware: unknown): Middleware => middleware as Middleware;

/** The outcome of one call of `reserve` with these middlewares, and how often its handler ran. */
async function outcomeWith(
  client: readonly Middleware[],
  instance: readonly Middleware[] = [],
): Promise<{
  readonly outcome: Outcome<{ id: number }>;
  readonly handled: number;
  readonly logged: readonly string[];
}> {
  const scene = new ContractScene();
  let handled = 0;
  const reserve = ({ count }: { readonly count: number }): { id: number } => {
    handled += 1;
    return { id: count + handled };
  };
  await scene.serve({ use: instance, handlers: { ...handlers, reserve } });
  const outcome = await scene.ended(scene.client({ use: client }).ask.reserve(item));
  return { outcome, handled, logged: scene.log.lines };
}

const shown = (outcome: Outcome): unknown => {
  if (outcome.kind === "ok") return outcome.value;
  return outcome.kind === "error"
    ? [outcome.code, outcome.message]
    : [outcome.reason, outcome.detail, outcome.mayHaveExecuted];
};

test("middlewares run around the call, the first one outermost, and see service, operation and input", async () => {
  const scene = new ContractScene();
  const steps: unknown[] = [];
  const step =
    (name: string): Middleware =>
    async (call, next) => {
      steps.push([name, call.service, call.operation, call.input, call.context?.operation]);
      const answer = await next();
      steps.push([name, answer]);
      return answer;
    };
  await scene.serve({ use: [step("c"), step("d")] });
  assert.equal(await scene.ended(scene.client({ use: [step("a"), step("b")] }).call.reserve(item)), { id: 1 });
  const before = (name: string, context?: string): unknown => [name, "inventory", "reserve", item, context];
  const after = ["d", "c", "b", "a"].map((name) => [name, { id: 1 }]);
  assert.equal(steps, [before("a"), before("b"), before("c", "reserve"), before("d", "reserve"), ...after]);
});

test("what it writes into input and metadata is what goes on", async () => {
  const scene = new ContractScene();
  const seen: unknown[] = [];
  const caller: Middleware = (call, next) => {
    call.metadata = { ...call.metadata, token: "t" };
    call.input = { sku: "ham", count: 2 };
    return next();
  };
  const instance: Middleware = (call, next) => {
    seen.push({ ...call.metadata });
    call.metadata = { user: "ann" };
    return next();
  };
  const read = { ...handlers, reserve: handlers.reserve };
  await scene.serve({
    use: [instance],
    handlers: {
      ...read,
      reserve: (input, { metadata, operation, deadline, signal, instance: who }) => {
        seen.push(input, metadata, operation, deadline > 0, signal.aborted, who.instance);
        return { id: 1 };
      },
    },
  });
  await scene.ended(scene.client({ use: [caller] }).call.reserve(item, { metadata: { tenant: "a" } }));
  assert.equal(seen, [
    { tenant: "a", token: "t" },
    { sku: "ham", count: 2 },
    { user: "ann" },
    ...["reserve", true, false, 1],
  ]);
});

test("metadata is replaced, and not changed in place", async () => {
  for (const options of [{}, { metadata: { tenant: "a" } }]) {
    const scene = new ContractScene();
    await scene.serve();
    const changing: Middleware = (call, next) => {
      (call.metadata as Record<string, string>)["token"] = "t";
      return next();
    };
    const outcome = await scene.ended(scene.client({ use: [changing] }).ask.reserve(item, options));
    assert.match(String(shown(outcome)), "a middleware failed: Cannot add property token");
  }
});

test("on the instance it runs before validation, and sees the 400 as an error", async () => {
  const errors: unknown[] = [];
  const wrong: Middleware = (call, next) => {
    call.input = { sku: 7 };
    return next();
  };
  const watching: Middleware = async (_call, next) => {
    try {
      return await next();
    } catch (error) {
      errors.push(error instanceof ServiceError && error.code);
      throw error;
    }
  };
  const { outcome, handled } = await outcomeWith([], [watching, wrong]);
  assert.equal([outcome.kind === "error" && outcome.code, handled, errors], [400, 0, [400]]);
});

test("its answer replaces that of the call, and undefined stands for that of next", async () => {
  const replaced = await outcomeWith([async (_call, next) => ({ ...((await next()) as object), more: 1 })]);
  assert.equal([shown(replaced.outcome), replaced.handled], [{ id: 2, more: 1 }, 1]);
  assert.is(replaced.outcome.kind === "ok" && replaced.outcome.instance.instance, 1);
  const forgetful = plain(async (_call: unknown, next: () => Promise<unknown>) => {
    await next();
  });
  const dropping = plain((_call: unknown, next: () => Promise<unknown>) => {
    void next();
  });
  for (const use of [forgetful, dropping]) {
    const { outcome, handled } = await outcomeWith([use], [use]);
    assert.equal([shown(outcome), handled], [{ id: 2 }, 1]);
  }
});

test("a caller's middleware may answer without next, as a cache does, and replace an error", async () => {
  const cached = await outcomeWith([async () => ({ id: 9 })]);
  assert.equal([shown(cached.outcome), cached.handled], [{ id: 9 }, 0]);
  assert.equal(cached.outcome.kind === "ok" && [cached.outcome.attempts, cached.outcome.instance.instance], [0, 0]);
  const refuse: Middleware = () => Promise.reject(new ServiceError(409, "sold out"));
  const fallback: Middleware = (_call, next) => next().catch(() => ({ id: 0 }));
  const replaced = await outcomeWith([fallback], [refuse]);
  assert.equal(shown(replaced.outcome), { id: 0 });
});

test("one that throws on the caller ends the call as failed", async () => {
  const before = await outcomeWith([() => Promise.reject(new Error("no token"))]);
  assert.equal(shown(before.outcome), ["failed", "a middleware failed: no token", false]);
  assert.is(before.handled, 0);
  const sync = await outcomeWith([
    plain(() => {
      throw new Error("no token");
    }),
  ]);
  assert.equal(shown(sync.outcome), shown(before.outcome));
  const after = await outcomeWith([
    async (_call, next) => {
      await next();
      throw new Error("no room");
    },
  ]);
  assert.equal([shown(after.outcome), after.handled], [["failed", "a middleware failed: no room", true], 1]);
  const tried = after.outcome.kind === "unanswered" ? after.outcome.tried : [];
  assert.equal(
    tried.map(({ instance, result }) => [instance.instance, result]),
    [[1, "answered"]],
  );
});

test("one that throws a value which itself throws when it is read ends the call, and no process", async () => {
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const trapped = new Proxy(
    {},
    {
      getPrototypeOf: () => {
        throw new Error("no");
      },
    },
  );
  for (const thrown of [revoked.proxy, trapped])
    for (const isBefore of [true, false]) {
      const { outcome } = await outcomeWith([
        async (_call, next) => {
          if (!isBefore) await next();
          throw thrown;
        },
      ]);
      assert.equal(shown(outcome), ["failed", "a middleware failed: what was thrown cannot be shown", !isBefore]);
    }
});

test("an error of the call passes through as it is, and a CallError of another call does not", async () => {
  const refuse: Middleware = () => Promise.reject(new ServiceError(409, "sold out"));
  const seen: unknown[] = [];
  const rethrow: Middleware = (_call, next) =>
    next().catch((error: unknown) => {
      seen.push(error instanceof CallError && error.code);
      throw error;
    });
  const { outcome } = await outcomeWith([rethrow], [refuse]);
  assert.equal([shown(outcome), seen], [[409, "sold out"], [409]]);
  const other = new CallError("tokens", "get", {
    kind: "unanswered",
    reason: "timeout",
    mayHaveExecuted: true,
    tried: [],
  });
  const foreign = await outcomeWith([() => Promise.reject(other)]);
  assert.equal(shown(foreign.outcome), ["failed", `a middleware failed: ${other.message}`, false]);
});

test("one that throws on the instance is as a handler that throws", async () => {
  const refused = await outcomeWith([], [() => Promise.reject(new ServiceError(401, "who are you?"))]);
  assert.equal([shown(refused.outcome), refused.handled, refused.logged], [[401, "who are you?"], 0, []]);
  const broken = await outcomeWith([], [() => Promise.reject(new Error("broken"))]);
  assert.equal([shown(broken.outcome), broken.handled], [[500, "internal error"], 0]);
  assert.match(broken.logged[0] ?? "", "broken");
});

test("next runs the rest once: a second call of it rejects, and nothing runs again", async () => {
  const twice: Middleware = async function again(_call, next) {
    await next();
    return next();
  };
  const caller = await outcomeWith([twice]);
  assert.equal(
    [shown(caller.outcome), caller.handled],
    [["failed", "a middleware failed: the middleware again called next twice", true], 1],
  );
  const instance = await outcomeWith([], [twice]);
  assert.equal([shown(instance.outcome), instance.handled], [[500, "internal error"], 1]);
  assert.match(instance.logged[0] ?? "", "called next twice");
  const careless: Middleware = (_call, next) => {
    void next();
    void next();
    return Promise.resolve(undefined);
  };
  assert.equal(shown((await outcomeWith([careless], [careless])).outcome), { id: 2 });
});

test("one that neither calls next nor answers is a mistake, and no answer", async () => {
  const idle = plain(async function idle() {});
  const caller = await outcomeWith([idle]);
  const detail = "a middleware failed: the middleware idle neither called next nor returned an answer";
  assert.equal([shown(caller.outcome), caller.handled], [["failed", detail, false], 0]);
  const instance = await outcomeWith([], [idle]);
  assert.equal([shown(instance.outcome), instance.handled], [[500, "internal error"], 0]);
});

test("a call ends in its time, also if a middleware of its caller never ends", async () => {
  const detail = "a middleware took too long";
  assert.equal(shown((await outcomeWith([never])).outcome), ["timeout", detail, false]);
  const after = await outcomeWith([(_call, next) => next().then(never)]);
  assert.equal([shown(after.outcome), after.handled], [["timeout", detail, true], 1]);
  // What a middleware has used up, the call itself has not.
  const scene = new ContractScene();
  await scene.serve({ handlers: { ...handlers, reserve: never } });
  const slow: Middleware = async (_call, next) => {
    await new Promise<void>((resolve) => void scene.clock.after(700, resolve));
    return next();
  };
  const startedAt = scene.clock.now();
  const late = await scene.ended(scene.client({ use: [slow] }).ask.reserve(item));
  assert.equal(shown(late), ["timeout", undefined, true]);
  assert.ok(scene.clock.now() - startedAt <= 1_050, `${scene.clock.now() - startedAt} ms`);
  const unanswered = await outcomeWith([(_call, next) => next()], [never]);
  assert.equal(shown(unanswered.outcome), ["timeout", undefined, true]);
});

const waitFor =
  (scene: ContractScene, ms: number): Middleware =>
  async (_call, next) => {
    await new Promise<void>((resolve) => void scene.clock.after(ms, resolve));
    return next();
  };

/** A call behind a middleware that takes 700 ms, and how often it was executed a second later. */
async function slowlyAsked(options: CallOptions): Promise<readonly unknown[]> {
  const scene = new ContractScene();
  let handled = 0;
  const leftMs: number[] = [];
  const reserve = (_input: unknown, { deadline }: CallContext): { id: number } => {
    handled += 1;
    leftMs.push(deadline - scene.clock.wall());
    return { id: 1 };
  };
  await scene.serve({ handlers: { ...handlers, reserve } });
  const client = scene.client({ use: [waitFor(scene, 700)] });
  assert.ok(await scene.ended(client.ready(1)));
  const startedAt = scene.clock.now();
  const outcome = await scene.ended(client.ask.reserve(item, options));
  const tookMs = scene.clock.now() - startedAt;
  await scene.ended(new Promise<void>((resolve) => void scene.clock.after(1_000, resolve)));
  return [shown(outcome), tookMs, handled, leftMs.every((ms) => ms <= 100)];
}

test("a call whose outcome says that it was not executed is not sent afterwards", async () => {
  const slow = "a middleware took too long";
  assert.equal(await slowlyAsked({ timeoutMs: 300 }), [["timeout", slow, false], 300, 0, true]);
  // An abort ends it at once.
  const aborted = ["cancelled", "aborted while a middleware ran", false];
  assert.equal(await slowlyAsked({ signal: AbortSignal.abort() }), [aborted, 0, 0, true]);
});

test("the request states the time that the middlewares have left", async () => {
  const [outcome, , handled, isTold] = await slowlyAsked({ timeoutMs: 800 });
  assert.equal([outcome, handled, isTold], [{ id: 1 }, 1, true]);
});

test("an abort ends a call behind a middleware at once, and its listener is removed", async () => {
  const scene = new ContractScene();
  await scene.serve();
  const client = scene.client({ use: [waitFor(scene, 700)] });
  const controller = new AbortController();
  const asked = client.ask.reserve(item, { signal: controller.signal });
  scene.clock.after(50, () => controller.abort());
  assert.equal(shown(await scene.ended(asked)), ["cancelled", "aborted while a middleware ran", false]);
  assert.equal(getEventListeners(controller.signal, "abort").length, 0);
});

test.run();
