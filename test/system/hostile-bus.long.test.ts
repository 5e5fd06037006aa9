// takes: 30 s
// An attacker on the bus sends hostile messages while shoppers load pages. The README says what an attacker on an open
// bus can do; these tests show what it cannot do. In such numbers that a leak shows in the Market's memory.

import * as assert from "uvu/assert";
import { connectNatsBus, type NatsBus } from "../../src/bus/nats-bus.ts";
import { systemClock } from "../../src/clock.ts";
import { Attacker, loadPage, type Page, residentMiB, Shopper } from "../support/attacker.ts";
import { forgeries, wellFormed } from "../support/heartbeats.ts";
import { type System, sharedSystemSuite } from "../support/system.ts";
import { type RunningMarket, type RunningRatings, until } from "../support/world.ts";

interface Shop {
  market: RunningMarket;
  instances: readonly RunningRatings[];
  attacker: Attacker;
}

type Context = System & Shop;

/** The bus takes no larger one. */
const MAX_BODY = 1_048_000;
/**
 * What the Market's memory may grow by. The table holds 10,000 rows, 5 MB; the rest is what V8 lets lie until it collects,
 * some 50 MB at such a rate, and what one read of a socket holds. A leak of a tenth of what is sent would be over it.
 */
const MAX_GROWTH_MIB = 160;
/** Messages between two pages: 50,000 a second on an idle machine, which loads 50 pages a second. */
const MESSAGES_A_PAGE = 1_000;
/** A request timeout that holds on a machine that is busy with other things too: it is not the machine that is tested. */
const TIMEOUT_MS = 8_000;
/** The limit of the median page: the calls of half of the pages reach instances that answer. */
const DEFAULT_PAGE_MS = TIMEOUT_MS / 2;
/** Lines of one kind in a second, as the Market has it, and the number of kinds that any client on the bus can cause. */
const LINES_PER_SECOND = 20;
const KINDS = 12;

function assertGoodPages(pages: readonly Page[]): void {
  assert.ok(pages.length > 5, `${pages.length} pages were loaded`);
  assert.equal([...new Set(pages.map((page) => page.status))], [200]);
  assert.ok(
    pages.every((page) => page.known === 4),
    "every page has every rating, old or new",
  );
  const times = pages.map((page) => Math.round(page.tookMs)).sort((a, b) => a - b);
  const median = times[Math.floor(times.length / 2)] ?? 0;
  assert.ok(median < DEFAULT_PAGE_MS, `half of the pages took more than ${median} ms: ${times.join(", ")}`);
}

/** Another connection on the bus; `use` runs once it is open. */
async function withBus({ server }: Context, use: (bus: NatsBus) => Promise<void>): Promise<void> {
  const bus = connectNatsBus({ urls: [server.url], name: "other", clock: systemClock(), report: () => undefined });
  try {
    await until("it is on the bus", () => bus.flush(), 10_000);
    await use(bus);
  } finally {
    await bus.close();
  }
}

/** None of the real instances was charged with anything, lost, or said to have left. */
function assertUnharmed({ market, instances }: Context, mark: number): void {
  for (const { address, program } of instances) {
    const reported = market.program.since(mark).filter((line) => line.includes(address));
    assert.equal(
      reported.filter((line) => /OPEN|RETEST| lost: | left: | leaving: /.test(line)),
      [],
    );
    assert.is(program.count(/ERROR|lost the bus/), 0);
  }
  assert.is(market.program.count(/ERROR| {4}at /, mark), 0, "no bug showed itself");
}

async function assertFreshFromAll({ market, instances }: Context): Promise<void> {
  const used = new Set<number>();
  await until(
    "fresh ratings from all three",
    async () => {
      const ratings = Object.values(await market.ratings());
      for (const rating of ratings) if (rating?.fresh === true) used.add(rating.instance);
      return ratings.every((rating) => rating?.fresh === true) && instances.every(({ number }) => used.has(number));
    },
    10_000,
  );
}

/** A shopper loads a page after each round of messages, until so many are sent. */
async function shopThrough(
  { market, attacker }: Context,
  messages: number,
  { attack, endRound }: { attack(place: number): void; endRound?(place: number): void },
): Promise<{ readonly pages: readonly Page[]; readonly seconds: number }> {
  const startedAt = performance.now();
  const shopper = new Shopper(market);
  for (let place = 0; attacker.sent < messages; ) {
    for (const end = attacker.sent + MESSAGES_A_PAGE; attacker.sent < end; place++) attack(place);
    endRound?.(place);
    await attacker.settled();
    await shopper.onePage();
  }
  return { pages: await shopper.stop(), seconds: (performance.now() - startedAt) / 1000 };
}

async function assertStands(context: Context, pages: readonly Page[], mark: number): Promise<void> {
  assertGoodPages(pages);
  await assertFreshFromAll(context);
  assertUnharmed(context, mark);
}

/** Answers, or does not, at the addresses of instances that exist only in heartbeats. */
function serveForged(bus: NatsBus, kind: ForgedKind, count: number): readonly string[] {
  const incarnations = Array.from({ length: count }, (_, place) => `${kind}-${place}`);
  for (const incarnation of incarnations) {
    bus.subscribe(`ratings.get.${incarnation}`, (message) => {
      if (kind === "leaves") message.refuse(503, "draining");
      if (kind === "babbles") message.answer("\u0000{not json");
      if (kind === "mistakes") message.answer('{"thingID":"elephant","rating":4}');
      if (kind === "exaggerates") message.answer('{"thingID":"camera","rating":1e308}');
      if (kind === "floods") message.answer("x".repeat(MAX_BODY));
    });
  }
  return incarnations;
}

const FORGED_KINDS = ["hangs", "leaves", "babbles", "mistakes", "exaggerates", "floods"] as const;
type ForgedKind = (typeof FORGED_KINDS)[number];

const hostile = sharedSystemSuite<Shop>("hostile messages", {
  // So short that a heartbeat which does not get through is noticed within the test.
  HEARTBEAT_INTERVAL_MS: "3000",
  REQUEST_TIMEOUT_MS: String(TIMEOUT_MS),
});
// One shop for all of it, and the attack that leaves the most behind comes last.
hostile.before(async (context) => {
  const { world } = context;
  context.instances = await Promise.all([1, 2, 3].map((number) => world.startRatings(number)));
  context.market = await world.startMarket();
  await context.market.untilKnown(3);
  for (let page = 0; page < 3; page++) assert.is((await loadPage(context.market)).fresh, 4);
});
hostile.before.each(async (context) => {
  context.attacker = await Attacker.join(context.server.port);
});
hostile.after.each(({ attacker }) => attacker.leave());

hostile("50,000 roll calls, some answered into our own subjects, stop no instance from working", async (context) => {
  const { market, instances, attacker } = context;
  await withBus(context, async (bus) => {
    let beats = 0;
    bus.subscribe("health.ratings.*", () => {
      beats += 1;
    });
    await bus.flush();
    const mark = market.program.mark();
    const replyTos = [
      "",
      "health.ratings",
      "ratings.get",
      instances[0]?.address.replace("nats:", "") ?? "",
      "$SRV.PING",
    ];
    const { pages, seconds } = await shopThrough(context, 50_000, {
      attack: (place) => attacker.publish("health.ratings", "", replyTos[place % replyTos.length]),
    });

    await assertStands(context, pages, mark);
    // A hundred at once and a hundred a second of each, and ten a second for those that asked too often.
    const most = instances.length * (100 + 120 * (seconds + 2));
    assert.ok(beats < most, `${beats} beats`);
  });
});

hostile("replies without a request, late, repeated or of a megabyte, reach no call", async (context) => {
  const { market, attacker } = context;
  await withBus(context, async (bus) => {
    const inboxes = new Set<string>();
    bus.subscribe("ratings.get.*", ({ replyTo }) => {
      if (replyTo !== undefined) inboxes.add(replyTo);
    });
    await bus.flush();
    assert.is((await loadPage(market)).fresh, 4);
    await until("the spy has seen a page's calls", () => inboxes.size >= 4, 10_000);
    const [inbox = ""] = inboxes;
    const prefix = inbox.slice(0, inbox.lastIndexOf("."));
    const before = residentMiB(market.program.pid);
    const mark = market.program.mark();
    const large = "x".repeat(MAX_BODY);
    const { pages } = await shopThrough(context, 40_000, {
      attack: (place) => {
        // Of calls that are over, of none that ever was, and of none that a caller could make.
        attacker.publish(inbox, '{"thingID":"camera","rating":0}');
        attacker.publish(`${prefix}.${["unknown", "__proto__", "-1", "zzzzzz"][place % 4]}`, "{");
      },
      endRound: () => attacker.publish(inbox, large),
    });

    await assertStands(context, pages, mark);
    assert.ok(residentMiB(market.program.pid) - before < MAX_GROWTH_MIB);
    assert.is(market.program.count(/GOT camera: 0$/, mark), 0);
  });
});

hostile("240 forged instances that hang, babble, mistake or leave cost shoppers one page, in all", async (context) => {
  const { market, attacker } = context;
  await withBus(context, async (bus) => {
    const incarnations = FORGED_KINDS.flatMap((kind) => serveForged(bus, kind, 40));
    await bus.flush();
    const mark = market.program.mark();
    for (const [place, incarnation] of incarnations.entries()) {
      // Those that hang have their turns first, while newcomers have any.
      const { subject, body } = wellFormed(incarnation, { instance: 4 + place });
      attacker.publish(subject, body);
    }
    await attacker.settled();
    await market.untilKnown(3 + incarnations.length);
    const pages: Page[] = [];
    while (pages.length < 30) pages.push(await loadPage(market));

    assertGoodPages(pages);
    const marred = pages.filter((page) => page.fresh < 4);
    // The four calls of a page go out together, and the first newcomers are given them.
    assert.ok(
      marred.length === 1 || marred.length === 2,
      `${marred.length} pages of ${pages.length} were not all fresh`,
    );
    assertUnharmed(context, mark);
    await assertFreshFromAll(context);
    for (let page = 0; page < 10; page++) assert.is((await loadPage(market)).fresh, 4);
  });
});

hostile(
  "100,000 hostile heartbeats: pages stay whole, real instances stay in use, memory and lines stay bounded",
  async (context) => {
    const { market, instances, attacker } = context;
    const victim = instances[1]?.address.replace("nats:ratings.get.", "") ?? "";
    const before = residentMiB(market.program.pid);
    const mark = market.program.mark();
    const large = "x".repeat(MAX_BODY);
    const { pages, seconds } = await shopThrough(context, 100_000, {
      attack: (place) => {
        for (const { subject, body } of forgeries(place, victim)) attacker.publish(subject, body);
      },
      endRound: (place) => attacker.publish(`health.ratings.large${place}`, large),
    });

    await assertStands(context, pages, mark);
    const growth = residentMiB(market.program.pid) - before;
    assert.ok(growth < MAX_GROWTH_MIB, `the Market has grown by ${Math.round(growth)} MiB`);
    const reported = market.program.since(mark).filter((line) => line.includes(":membership:"));
    assert.ok(reported.length < LINES_PER_SECOND * KINDS * (seconds + 2), `${reported.length} lines in ${seconds} s`);
    assert.ok(
      market.program.since(mark).every((line) => line.length < 4_000),
      "and each of them can be read",
    );
  },
);

hostile.run();
