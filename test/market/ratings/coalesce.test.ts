// Pages at the same moment: what they ask together, and what they print.

import type { Tracer } from "@opentelemetry/api";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CallCoalescer } from "../../../src/market/ratings/coalesce.ts";
import { type PageRatings, pageLine, RatingStore, ratePage } from "../../../src/market/ratings/rate-page.ts";
import { asText } from "../../../src/program/log.ts";
import type { AskOptions } from "../../../src/service/client.ts";
import type { Outcome, ResponseReader, UnansweredReason, Validated } from "../../../src/service/outcome.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";
import type { Trace } from "../../../src/trace/core/trace.ts";
import { tracingOf } from "../../../src/trace/spans.ts";
import { askRating } from "../../support/ask-rating.ts";
import { KeepingTracer } from "../../support/spans.ts";

const test = suite("the ratings of pages");

const who = { service: "ratings", instance: 1, incarnation: "1-a", address: "ratings.get.1-a" };

const answered = (value: unknown): Outcome => ({ kind: "ok", value, instance: who, attempts: 1 });
const none = (reason: UnansweredReason, detail?: string): Outcome => ({
  ...{ kind: "unanswered", reason, mayHaveExecuted: true },
  ...(detail !== undefined && { detail }),
  tried: reason === "no-instances" ? [] : [{ instance: who, result: "invalid" }],
});

/** As a client does it with a body. */
function readBy<T>(read: ResponseReader<T> | undefined, given: Outcome): Outcome<T> {
  if (given.kind !== "ok" || read === undefined) return given as Outcome<T>;
  const validated = read(given.value) as Validated<T>;
  return validated.kind === "valid"
    ? { ...given, value: validated.value }
    : (none("invalid-response", validated.problems.join()) as Outcome<T>);
}

class Scene {
  readonly clock = new FakeClock();
  readonly asked: string[] = [];
  readonly lines: string[] = [];
  /** What each call ends as, and after how long. */
  answer: (thingID: string) => Outcome = (thingID) => answered({ thingID, rating: 4 });
  takesMs: (thingID: string) => number = () => 5;
  ready: Promise<void> = Promise.resolve();
  readonly #calls = new CallCoalescer(
    askRating((request, options) => this.#ask(request, options)),
    this.clock,
  );
  readonly #store = new RatingStore();

  readonly tracer = new KeepingTracer();
  /** The traces that the calls belonged to. */
  readonly traces: (Trace | undefined)[] = [];

  page(...thingIDs: readonly string[]): Promise<PageRatings> {
    return this.#page(thingIDs, undefined);
  }

  traced(...thingIDs: readonly string[]): Promise<PageRatings> {
    return this.#page(
      thingIDs,
      tracingOf(this.tracer as unknown as Tracer).serve({ name: "GET /", kind: "server" }, undefined),
    );
  }

  #ask<T>(request: unknown, options?: AskOptions<T>): Promise<Outcome<T>> {
    const { thingID } = request as { thingID: string };
    this.asked.push(thingID);
    this.traces.push(options?.trace);
    const answer = readBy(options?.read, this.answer(thingID));
    return new Promise((resolve) => this.clock.after(this.takesMs(thingID), () => resolve(answer)));
  }

  #page(thingIDs: readonly string[], trace: Trace | undefined): Promise<PageRatings> {
    return ratePage(
      thingIDs,
      {
        client: { ready: () => this.ready },
        calls: this.#calls,
        store: this.#store,
        clock: this.clock,
        log: (event) => this.lines.push(asText(pageLine(event))),
      },
      trace,
    );
  }
}

test("pages at the same moment share the calls for the same things, and each prints its own lines", async () => {
  const scene = new Scene();
  const pages = [scene.page("camera", "football"), scene.page("camera", "football"), scene.page("camera", "briefcase")];
  await scene.clock.advance(10);
  const [first, second, third] = await Promise.all(pages);
  assert.equal(scene.asked, ["camera", "football", "briefcase"]);
  assert.equal([...(second?.ratings ?? [])], [...(first?.ratings ?? [])]);
  assert.is(third?.ratings.get("camera")?.fresh, true);
  for (const line of ["ASK for camera", "GOT camera: 4", "WAITED 5ms"]) {
    assert.is(scene.lines.filter((one) => one === line).length, 3, line);
  }
});

test("a page asks for nothing before its client is ready, and prints no such wait", async () => {
  const scene = new Scene();
  scene.ready = new Promise((resolve) => scene.clock.after(150, resolve));
  void scene.page("camera");
  await scene.clock.advance(149);
  assert.equal([scene.asked, scene.lines], [[], []]);
  await scene.clock.advance(10);
  assert.equal(scene.lines, ["ASK for camera", "WAITED 5ms", "GOT camera: 4"]);
});

test("the age of a rating counts from its arrival, however long its page waits for another", async () => {
  const scene = new Scene();
  scene.takesMs = (thingID) => (thingID === "camera" ? 5 : 900);
  const page = scene.page("camera", "football");
  await scene.clock.advance(1_000);
  const { ratings } = await page;
  const ages = [...ratings].map(([thingID, { at, ageMs }]) => [thingID, ageMs, at + ageMs]);
  const shownAt = ratings.get("football")?.at;
  assert.equal(ages, [
    ["camera", 895, shownAt],
    ["football", 0, shownAt],
  ]);
});

test("a call that has ended is not shared", async () => {
  const scene = new Scene();
  for (let page = 0; page < 3; page++) {
    void scene.page("camera");
    await scene.clock.advance(6);
  }
  assert.equal(scene.asked, ["camera", "camera", "camera"]);
});

test("a call that is not young is not joined: one that hangs takes no later page along", async () => {
  const scene = new Scene();
  scene.takesMs = () => 1000;
  scene.answer = () => none("timeout");
  const hung = [scene.page("camera")];
  await scene.clock.advance(9);
  hung.push(scene.page("camera"));
  await scene.clock.advance(1);
  scene.takesMs = () => 5;
  scene.answer = (thingID) => answered({ thingID, rating: 4 });
  const later = scene.page("camera");
  await scene.clock.advance(5);
  assert.is((await later).ratings.get("camera")?.fresh, true);
  await scene.clock.advance(1000);
  for (const page of hung) assert.equal((await page).failureReasons, ["request timed out"]);
  assert.is(scene.asked.length, 2);
});

test("the end of an old call does not take a young one out", async () => {
  const scene = new Scene();
  scene.takesMs = () => 12;
  void scene.page("camera");
  await scene.clock.advance(11);
  void scene.page("camera");
  await scene.clock.advance(2);
  void scene.page("camera");
  await scene.clock.advance(20);
  assert.is(scene.asked.length, 2);
});

test("a shared call is a part of the page that made it; the others wait for it, and link to it", async () => {
  const scene = new Scene();
  const pages = [scene.traced("camera"), scene.traced("camera"), scene.page("camera")];
  await scene.clock.advance(10);
  await Promise.all(pages);
  const [first, second] = scene.tracer.named("GET /");
  const [made, joined, ...others] = scene.tracer.named("ask ratings");
  assert.equal([made?.parentId, joined?.parentId], [first?.context.spanId, second?.context.spanId]);
  assert.equal(
    [made?.links, joined?.links].map((links) => links?.map(({ context }) => context.spanId)),
    [[], [made?.context.spanId]],
  );
  assert.equal([made?.attributes["dwc.shared"], joined?.attributes["dwc.shared"]], [false, true]);
  assert.equal([made?.isEnded, joined?.isEnded, others.length], [true, true, 0]);
  assert.equal(
    scene.traces.map((trace) => trace?.traceId),
    [first?.context.traceId],
  );
});

test("a span ends with who answered, or with the error, and a page's trouble names it", async () => {
  for (const [answer, type, instance, trouble] of [
    [answered({ thingID: "camera", rating: 4 }), undefined, 1, []],
    [
      { kind: "error", code: 404, message: "no such thing", instance: who, attempts: 1 },
      "404",
      1,
      ["404 no such thing"],
    ],
    [none("timeout"), "timeout", undefined, ["request timed out"]],
    [answered({ thingID: "football", rating: 4 }), "invalid-response", undefined, ["instance 1 returned no rating"]],
    [
      none("failed", "the request was not sent: too large"),
      "failed",
      undefined,
      ["the request was not sent: too large"],
    ],
  ] as readonly (readonly [Outcome, unknown, unknown, readonly string[]])[]) {
    const scene = new Scene();
    scene.answer = () => answer;
    const page = scene.traced("camera");
    await scene.clock.advance(10);
    assert.equal((await page).failureReasons, trouble);
    const [span] = scene.tracer.named("ask ratings");
    assert.equal([span?.attributes["error.type"], span?.attributes["dwc.instance"]], [type, instance]);
  }
});

test("what is not answered in time is shown as last known: when, by which instance, and for how long", async () => {
  const scene = new Scene();
  const read = async (): Promise<readonly unknown[]> => {
    const page = scene.page("camera", "football");
    await scene.clock.advance(scene.takesMs("camera"));
    const { ratings, failureReasons: trouble } = await page;
    return [Object.fromEntries(ratings), trouble];
  };
  scene.answer = (thingID) => (thingID === "camera" ? answered({ thingID, rating: 4 }) : none("timeout"));
  const at = scene.clock.wall() + 5;
  const known = { rating: 4, at, instance: 1 };
  assert.equal(await read(), [{ camera: { ...known, ageMs: 0, fresh: true } }, ["request timed out"]]);
  scene.answer = () => none("no-instances");
  await scene.clock.advance(12_000);
  const old = { camera: { ...known, ageMs: 12_005, fresh: false } };
  assert.equal(await read(), [old, ["all services are down"]], "each reason once");
  scene.clock.setWall(at - 60_000);
  assert.equal(await read(), [{ camera: { ...known, ageMs: 0, fresh: false } }, ["all services are down"]]);
  scene.answer = (thingID) => answered({ thingID, rating: 5 });
  const newest = { rating: 5, at: scene.clock.wall() + 5, instance: 1, ageMs: 0, fresh: true };
  assert.equal(await read(), [{ camera: newest, football: newest }, []]);
  await scene.clock.advance(0);
  assert.equal(scene.lines.slice(-5), [
    "ASK for camera",
    "ASK for football",
    "WAITED 5ms",
    "GOT camera: 5",
    "GOT football: 5",
  ]);
});

test("a rating is a number from 0 to 5 for the thing that was asked for; nothing else is one", async () => {
  const scene = new Scene();
  const good = [0, 5, 2.5].map((rating) => ({ thingID: "camera", rating }));
  const odd = [-0.1, 5.1, Number.NaN, "4", null, undefined].map((rating) => ({ thingID: "camera", rating }));
  for (const body of [...good, ...odd, { thingID: "football", rating: 4 }, { rating: 4 }, null, "camera", 4]) {
    scene.answer = () => answered(body);
    const page = scene.page("camera");
    await scene.clock.advance(5);
    const { ratings, failureReasons: trouble } = await page;
    const isGood = good.includes(body as never);
    assert.equal(
      [ratings.get("camera")?.fresh ?? false, trouble.length],
      [isGood, isGood ? 0 : 1],
      JSON.stringify(body),
    );
  }
});

test.run();
