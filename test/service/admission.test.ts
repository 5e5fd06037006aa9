// The slots and the queue of an instance with a limit: any order of events, compared with a simple model.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Admission, type RequestLimit } from "../../src/service/core/admission.ts";
import { MeanTime } from "../../src/service/core/mean-time.ts";
import { SeededRandom } from "../support/seeded-random.ts";

const test = suite("admission");

interface Request {
  readonly id: number;
  readonly expiresAt: number;
}
/** As the code has it: the lease of a slot ends so long after the time of its caller. */
const LEASE_MARGIN_MS = 5_000;

/** The same in plain lists. */
class Model {
  slots: Request[] = [];
  queue: Request[] = [];
  readonly #limit: RequestLimit;

  constructor(limit: RequestLimit) {
    this.#limit = limit;
  }

  arrive(request: Request): "begin" | "wait" | "full" {
    if (this.slots.length < this.#limit.concurrent) {
      this.slots.push(request);
      return "begin";
    }
    if (this.queue.length >= this.#limit.queued) return "full";
    this.queue.push(request);
    return "wait";
  }

  next(): Request | undefined {
    return this.slots.length < this.#limit.concurrent ? this.queue.shift() : undefined;
  }

  split(list: "slots" | "queue", isOut: (request: Request) => boolean): readonly number[] {
    const out = this[list].filter(isOut);
    this[list] = this[list].filter((request) => !isOut(request));
    return idsOf(out);
  }
}

const idsOf = (requests: readonly Request[]): readonly number[] => requests.map(({ id }) => id);

test("any order of events has the slots and the queue of the model", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const dice = new SeededRandom(seed);
    const limit = { concurrent: 1 + dice.below(4), queued: dice.below(100) };
    const [admission, model] = [new Admission<Request>(limit), new Model(limit)];
    let [now, id] = [0, 0];
    const acts = [
      () => {
        id += 1;
        const request = { id, expiresAt: now + dice.below(4_000) };
        assert.is(admission.arrive(request, now), model.arrive(request));
      },
      () => {
        const next = admission.takeNext();
        assert.is(next, model.next());
        if (next === undefined) return;
        admission.hold(next, now);
        // The lease begins when the slot is taken: a request that has expired before is no exception here.
        model.slots.push({ ...next, expiresAt: Math.max(now, next.expiresAt) });
      },
      () => {
        const ended = model.slots[dice.below(model.slots.length + 1)];
        if (ended === undefined) return;
        model.split("slots", (request) => request === ended);
        for (const request of known) if (request.id === ended.id) assert.is(admission.release(request), true);
      },
      () => {
        const expired = idsOf(admission.takeExpired(now));
        assert.equal(
          expired,
          model.split("queue", ({ expiresAt }) => now >= expiresAt),
        );
      },
      () => {
        const overdue = model.split("slots", ({ expiresAt }) => now >= expiresAt + LEASE_MARGIN_MS);
        assert.equal([...idsOf(admission.takeBack(now))].sort(), [...overdue].sort());
      },
      () => {
        now += dice.pick([1, 10, 500, 3_000]);
      },
    ];
    const known: Request[] = [];
    const arrive = admission.arrive.bind(admission);
    admission.arrive = (request, at) => {
      known.push(request);
      return arrive(request, at);
    };
    for (let step = 0; step < 2_000; step++) {
      dice.pick(acts)();
      assert.is(admission.waiting, model.queue.length, `seed ${seed}`);
      assert.is(admission.hasSlot, model.slots.length < limit.concurrent, `seed ${seed}`);
      assert.is(admission.isFull, !admission.hasSlot && model.queue.length >= limit.queued);
    }
  }
});

test("a stream holds its slot until it ends, and is never taken back", () => {
  const admission = new Admission<Request>({ concurrent: 1, queued: 0 });
  const stream = { id: 1, expiresAt: 10 };
  admission.arrive(stream, 0);
  admission.holdOn(stream);
  assert.equal([admission.takeBack(1e9), admission.hasSlot], [[], false]);
  assert.equal([admission.release(stream), admission.release(stream), admission.hasSlot], [true, false, true]);
  admission.holdOn(stream);
  assert.is(admission.hasSlot, true, "it has no slot any more");
});

test("a slot whose caller did not say how long it waits is leased for a minute", () => {
  const admission = new Admission<Request>({ concurrent: 1, queued: 0 });
  admission.arrive({ id: 1, expiresAt: Number.POSITIVE_INFINITY }, 100);
  assert.is(admission.firstLeaseEndsAt, 100 + 60_000 + LEASE_MARGIN_MS);
});

test("a queue of 100,000 is worked off in order", () => {
  const admission = new Admission<Request>({ concurrent: 1, queued: 100_000 });
  const first = { id: 0, expiresAt: 1e9 };
  admission.arrive(first, 0);
  for (let id = 1; id <= 100_000; id++) admission.arrive({ id, expiresAt: 1e9 }, 0);
  admission.release(first);
  for (let id = 1; id <= 100_000; id++) if (admission.takeNext()?.id !== id) assert.unreachable(`${id}`);
  assert.is(admission.waiting, 0);
});

test("the mean follows the newest times", () => {
  const mean = new MeanTime();
  assert.is(mean.ms, undefined);
  mean.add(80);
  assert.is(mean.ms, 80);
  mean.add(0);
  assert.is(mean.ms, 70);
  for (let time = 0; time < 100; time++) mean.add(20);
  assert.ok(Math.abs((mean.ms ?? 0) - 20) < 0.1);
});

test.run();
