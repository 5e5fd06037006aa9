// takes: 60 s
// Hints of programs, and of the commands that look at a running system: each is typed in the state that prints it, as it was
// printed, and cures it. Those of `dwc check`: check-cures.long.test.ts. Those about orgs: test/dwc/commands/cures.test.ts.

import * as assert from "uvu/assert";
import { systemSuite, worldSuite } from "../support/system.ts";
import { Checked, command, LIMIT_MS } from "../support/typed-hints.ts";
import { type RunningMarket, until, type World } from "../support/world.ts";

const system = systemSuite("typed hints");

async function withMarket(
  world: World,
  act: (checked: Checked, market: RunningMarket, at: readonly string[]) => Promise<void>,
): Promise<void> {
  const market = await world.startMarket();
  const [PORT, ADMIN_PORT] = [new URL(market.url).port, new URL(market.admin).port];
  const checked = new Checked(world, { PORT, ADMIN_PORT });
  try {
    await act(checked, market, ["--market", market.admin]);
  } finally {
    await checked.close();
  }
}

/** Waits until dwc says it. */
async function says(world: World, words: readonly string[], pattern: RegExp): Promise<void> {
  let said = "";
  const isSaid = async (): Promise<boolean> => {
    said = (await world.dwc(words)).said;
    return pattern.test(said);
  };
  await until(`dwc ${words.join(" ")} says ${pattern}`, isSaid, LIMIT_MS, () => said);
}

system("ps without an instance, and explain and call of one that is not there: it is started", ({ world }) =>
  withMarket(world, async (checked, market, at) => {
    const { said } = await world.dwc(["explain", "ratings/2", ...at]);
    assert.match(said, /the Market does not know ratings\/2/);
    checked.type(command(said.trim(), "make startRatings"));
    await says(world, ["explain", "ratings/2", ...at], /^ratings\/2 {2}√ healthy/);
    const none = await world.dwc(["ps", "greetings"]);
    assert.match(none.said, /no instance runs: start one of greetings/, "dwc knows no command for that");
    assert.not.match(none.said, "startRatings");
    await market.untilKnown(1);
  }),
);

system("a number that is taken, and an instance of several that has ended", ({ world }) =>
  withMarket(world, async (checked, market) => {
    await world.startRatings(1);
    const refused = world.start({ name: "ratings", args: ["--instance", "1"] });
    const [taken = ""] = await refused.waitFor(/instance 1 is already running, .*/);
    checked.type(command(taken, "make startRatings"));
    await market.untilKnown(2);
    // Instance 1 of three is refused, and says so; the others are numbers 2 and 3, of which 2 is taken as well.
    const fleet = world.start({ name: "ratings", args: ["--count", "4"] });
    await market.untilKnown(4);
    const [, pid = ""] = await fleet.waitFor(/instance 4 is up: pid (\d+),/);
    process.kill(Number(pid), "SIGKILL");
    const [ended = ""] = await fleet.waitFor(/instance 4 \(pid \d+\) was ended by SIGKILL: .*/);
    await market.page();
    checked.type(command(ended, "make startRatings"));
    await market.untilKnown(4);
  }),
);

system("two processes of one number: one is ended, and started as another", ({ world }) =>
  withMarket(world, async (checked, market) => {
    const first = await world.startRatings(1);
    // Its number is free for as long as it does not answer.
    await first.program.stop();
    await world.startRatings(1);
    first.program.signal("SIGCONT");
    const hint = await checked.hint(/^two processes are ratings\/1/);
    await first.program.end();
    checked.type(command(hint, "make startRatings"));
    await checked.gone(/^two processes/);
    await market.untilKnown(2);
  }),
);

system("where no instance takes faults, three that do are started", async ({ world }) => {
  const checked = new Checked(world);
  try {
    const { said } = await world.dwc(["fault", "ratings"]);
    assert.match(said, /no instance of ratings takes faults/);
    checked.type(command(said.trim(), "CHAOS=1"));
    await says(world, ["fault", "ratings"], /ratings\/1[\s\S]*ratings\/2[\s\S]*ratings\/3/);
  } finally {
    await checked.close();
  }
});

system("a Market on another bus is ended, and started with the address that the person has", async ({ world }) => {
  const elsewhere = await world.startMarket({ NATS_URL: "nats://127.0.0.1:1" });
  const [PORT, ADMIN_PORT] = [new URL(elsewhere.url).port, new URL(elsewhere.admin).port];
  await world.startRatings(1);
  const checked = new Checked(world, { PORT, ADMIN_PORT });
  try {
    const hint = await checked.hint(/^the Market knows none of those who answer here/);
    assert.is(await checked.hint(/takes visitors, degraded/), hint, "more instances here would not help");
    await elsewhere.program.end();
    checked.type(command(hint, "make market"));
    await checked.gone(/degraded|no Market answers|knows none/);
  } finally {
    await checked.close();
  }
});

const alone = worldSuite("typed hints of the demo");

alone("an instance of the demo that has ended is started again by what the demo prints", async ({ world }) => {
  const demo = world.start({ name: "demo", env: { PORT: "0" } });
  const checked = new Checked(world);
  try {
    const [, pid = ""] = await demo.waitFor(/^ {2}kill -STOP (\d+) /, { limitMs: LIMIT_MS });
    process.kill(Number(pid), "SIGKILL");
    const [line = ""] = await demo.waitFor(/ instance 2 {2}process \d+ was ended by SIGKILL; .*/);
    const mark = demo.mark();
    checked.type(command(line, "make startRatings"));
    await demo.waitFor(/ instance 2 {2}is up/, { mark, limitMs: LIMIT_MS });
  } finally {
    await checked.close();
  }
});

system.run();
alone.run();
