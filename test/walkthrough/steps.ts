// The walkthrough: the steps of the walk, as README has them, typed by machine, and what must be seen at each.

import { headingOf, type StepId, WALK, type WalkStep } from "../../src/tour/core/walk.ts";
import { THINGS, type Walk } from "./walk.ts";

export interface Step {
  readonly name: string;
  readonly isOptional: boolean;
  run(walk: Walk): Promise<void>;
}

type Run = (walk: Walk, step: WalkStep) => Promise<void>;

/** What the table says to type; the first of its commands unless said otherwise. */
function typed({ acts }: WalkStep, place = 0): string {
  const commands = acts.flatMap((act) => ("type" in act ? [act.type] : []));
  const command = commands[place];
  if (command === undefined) throw new Error(`the walk has no command ${place} there`);
  return command.replace("YOUR-NAME", "Ann").replace("YOUR-EMAIL", "ann@example.org");
}

const PROMPT = /WINDOW \d\$ $/;
const UP = (instance: number): RegExp =>
  new RegExp(`INFO:ratings:- instance ${instance} is up: pid (\\d+), (nats:ratings\\.get\\.\\S+)`);
const OPEN = /open at http:\S+/;

/** What later steps have to know of earlier ones. */
const seen = { address1: "", address2: "", pid2: "", opened: 0 };

const RUNS: Readonly<Record<StepId, Run>> = {
  monolith: async (walk, step) => {
    await walk.type("WINDOW 1", typed(step), OPEN);
    const html = await walk.load();
    walk.expectPrices(html);
    walk.expectNoRatings(html);
    await walk.interrupt("WINDOW 1", PROMPT);
  },
  connect: async (walk, step) => {
    await walk.type("WINDOW 1", typed(step), /bin\/dwc is ready.*/);
    await walk.see("WINDOW 1", PROMPT);
  },
  org: async (walk, step) => {
    await walk.type("WINDOW 1", typed(step), /Now logged in as \[\w+\]ann@example\.org/);
    await walk.type("WINDOW 1", typed(step, 1), /Created service ratings in .*/);
    await walk.see("WINDOW 1", /Next: {2}make add-ratings.*/);
  },
  market: async (walk, step) => {
    await walk.type("WINDOW 1", typed(step), OPEN);
    await walk.type("WINDOW 2", "bin/dwc status", /\S+ answers and is (secured|open).*/);
    const visit = await walk.refresh();
    walk.expectPrices(visit.html);
    walk.expectNoRatings(visit.html);
    walk.expectOutcomes(visit, 0, THINGS.length, "all services are down");
  },
  three: async (walk, step) => {
    const from = await walk.mark("WINDOW 1");
    await walk.type("WINDOW 2", typed(step), UP(3));
    for (const instance of [1, 2, 3]) {
      await walk.see("WINDOW 2", UP(instance));
      await walk.see("WINDOW 1", new RegExp(`ratings instance ${instance} joined: .*`), { from });
    }
    const visit = await walk.refresh();
    walk.expectAllRatings(visit.html);
    walk.expectLastKnown(visit.html, 0);
    walk.expectOutcomes(visit, THINGS.length, 0, "");
  },
  none: async (walk) => {
    const from = await walk.mark("WINDOW 1");
    await walk.interrupt("WINDOW 2", PROMPT);
    for (const instance of [1, 2, 3])
      await walk.see("WINDOW 1", new RegExp(`ratings instance ${instance} left: .*`), { from });
    const visit = await walk.refresh();
    walk.expectAllRatings(visit.html);
    walk.expectLastKnown(visit.html, THINGS.length);
    walk.expectOutcomes(visit, 0, THINGS.length, "all services are down");
    walk.expect("and says so at once", walk.waited(visit) < walk.pace.requestTimeoutMs / 2, visit.output);
  },
  one: async (walk, step) => {
    const from = await walk.mark("WINDOW 1");
    [, , seen.address1 = ""] = await walk.type("WINDOW 2", typed(step), UP(1));
    await walk.see("WINDOW 1", /ratings instance 1 joined: .*/, { from });
    const visit = await walk.refresh();
    walk.expectAllRatings(visit.html);
    walk.expectBlocks(visit, [seen.address1], [1, 1, 1, 1]);
    walk.expectOutcomes(visit, THINGS.length, 0, "");
  },
  two: async (walk, step) => {
    const from = await walk.mark("WINDOW 1");
    [, seen.pid2 = "", seen.address2 = ""] = await walk.type("WINDOW 3", typed(step), UP(2));
    await walk.see("WINDOW 1", /ratings instance 2 joined: .*/, { from });
    const visit = await walk.refresh();
    walk.expectAllRatings(visit.html);
    walk.expectBlocks(visit, [seen.address1, seen.address2], [1, 2, 1, 2]);
    walk.expectOutcomes(visit, THINGS.length, 0, "");
  },
  pause: async (walk) => {
    await walk.suspend("WINDOW 3");
    const visit = await walk.refresh();
    seen.opened = performance.now();
    walk.expectAllRatings(visit.html);
    walk.expectLastKnown(visit.html, 2);
    walk.expectBlocks(visit, [seen.address1, seen.address2], [1, 2, 1, 2]);
    walk.expectOutcomes(visit, 2, 2, "request timed out");
    const opened =
      visit.output.match(/^WARNING:resolver:- OPEN breaker on \[ratings at (\S+)\] \(request timed out\)$/gm) ?? [];
    walk.expect(
      "one OPEN, for instance 2",
      opened.length === 1 && (opened[0] ?? "").includes(seen.address2),
      visit.output,
    );
    walk.expect("the page waited for the timeout", walk.waited(visit) >= walk.pace.requestTimeoutMs, visit.output);
  },
  again: async (walk) => {
    const visit = await walk.refresh();
    walk.expect(
      "within the delay",
      performance.now() - seen.opened < walk.pace.retestDelayMs,
      "this machine was too slow",
    );
    walk.expectAllRatings(visit.html);
    walk.expectLastKnown(visit.html, 0);
    walk.expectBlocks(visit, [seen.address1, seen.address2], [1, 1, 1, 1]);
    walk.expectOutcomes(visit, THINGS.length, 0, "");
    walk.expect("no page waits", walk.waited(visit) < walk.pace.requestTimeoutMs / 2, visit.output);
  },
  resume: async (walk, step) => {
    await walk.wait("the thirty seconds of the story", walk.pace.retestDelayMs);
    const from = await walk.mark("WINDOW 1");
    const from3 = await walk.mark("WINDOW 3");
    await walk.type("WINDOW 3", typed(step), /make startRatings INSTANCE=2/);
    const closed = new RegExp(`INFO:resolver:- CLOSE breaker on \\[ratings at ${seen.address2}\\] \\(heartbeat\\)`);
    await walk.see("WINDOW 1", closed, { from, withinMs: walk.pace.heartbeatIntervalMs });
    await walk.see("WINDOW 3", /INFO:ratings:- instance 2 resumed after a pause of \d+\.\d s/, { from: from3 });
    await walk.see("WINDOW 3", /INFO:ratings:- instance 2 dropped 2 expired requests/, { from: from3 });
  },
  both: async (walk) => {
    const visit = await walk.refresh();
    walk.expectAllRatings(visit.html);
    walk.expectLastKnown(visit.html, 0);
    walk.expectBlocks(visit, [seen.address1, seen.address2], [1, 2, 1, 2]);
    walk.expectOutcomes(visit, THINGS.length, 0, "");
  },
  kill: async (walk, step) => {
    await walk.type("WINDOW 4", typed(step).replace("PID", seen.pid2), PROMPT);
    await walk.see("WINDOW 3", PROMPT);
    const visit = await walk.refresh();
    walk.expectAllRatings(visit.html);
    walk.expectLastKnown(visit.html, 0);
    walk.expectOutcomes(visit, THINGS.length, 0, "");
    const lost = `WARNING:membership:- ratings instance 2 lost: ${seen.address2} (no responders)`;
    walk.expect("the bus reports that instance 2 is dead", visit.output.includes(lost), visit.output);
    walk.expect("no page waits", walk.waited(visit) < walk.pace.requestTimeoutMs / 2, visit.output);
  },
  end: async (walk) => {
    for (const window of ["WINDOW 3", "WINDOW 2", "WINDOW 1"] as const) await walk.interrupt(window, PROMPT);
  },
};

/** Each in the order of the table, and with its name. */
export const STEPS: readonly Step[] = WALK.map((step) => ({
  name: headingOf(step),
  isOptional: step.isOptional === true,
  run: (walk) => RUNS[step.id](walk, step),
}));
