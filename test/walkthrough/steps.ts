// The walkthrough of README, step by step: what a person does, and what must be seen. The numbers are the seed's.

import { THINGS, type Walk } from "./walk.ts";

export interface Step {
  readonly name: string;
  run(walk: Walk): Promise<void>;
}

const PROMPT = /WINDOW \d\$ $/;
const UP = (instance: number): RegExp =>
  new RegExp(`INFO:ratings:- instance ${instance} is up: pid \\d+, (nats:ratings\\.get\\.\\S+)`);
const OPEN = /open at http:\S+/;

/** What later steps have to know of earlier ones. */
const seen = { address1: "", address2: "", opened: 0 };

export const STEPS: readonly Step[] = [
  {
    name: "The monolith: four things, prices, no ratings; ^C ends it",
    run: async (walk) => {
      await walk.type("WINDOW 1", "make monolith", OPEN);
      const html = await walk.load();
      walk.expectPrices(html);
      walk.expectNoRatings(html);
      await walk.interrupt("WINDOW 1", PROMPT);
    },
  },
  {
    name: "make datawire-connect makes bin/dwc ready",
    run: async (walk) => {
      await walk.type("WINDOW 1", "make datawire-connect", /bin\/dwc is ready.*/);
      await walk.see("WINDOW 1", PROMPT);
    },
  },
  {
    name: "An org, and in it the service ratings",
    run: async (walk) => {
      const org = 'bin/dwc create-org "My Test Org" Ann ann@example.org';
      await walk.type("WINDOW 1", org, /Now logged in as \[\w+\]ann@example\.org/);
      await walk.type("WINDOW 1", "bin/dwc create-service ratings", /Created service ratings in .*/);
      await walk.see("WINDOW 1", /Next: {2}make add-ratings.*/);
    },
  },
  {
    name: "1, 2. The Market that looks for ratings: the same page, without Ratings instances",
    run: async (walk) => {
      await walk.type("WINDOW 1", "make add-ratings", OPEN);
      await walk.type("WINDOW 2", "bin/dwc status", /\S+ answers and is secured.*/);
      const visit = await walk.refresh();
      walk.expectPrices(visit.html);
      walk.expectNoRatings(visit.html);
      walk.expectOutcomes(visit, 0, THINGS.length, "all services are down");
    },
  },
  {
    name: "3, 4. Three instances start: all ratings appear",
    run: async (walk) => {
      const from = await walk.mark("WINDOW 1");
      await walk.type("WINDOW 2", "make startRatings COUNT=3", UP(3));
      for (const instance of [1, 2, 3]) {
        await walk.see("WINDOW 2", UP(instance));
        await walk.see("WINDOW 1", new RegExp(`ratings instance ${instance} joined: .*`), { from });
      }
      const visit = await walk.refresh();
      walk.expectAllRatings(visit.html);
      walk.expectLastKnown(visit.html, 0);
      walk.expectOutcomes(visit, THINGS.length, 0, "");
    },
  },
  {
    name: "5, 6. ^C on all three: the ratings stay, as last known, and the Market says that all are down",
    run: async (walk) => {
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
  },
  {
    name: "7, 8. One instance: every request goes to it",
    run: async (walk) => {
      const from = await walk.mark("WINDOW 1");
      [, seen.address1 = ""] = await walk.type("WINDOW 2", "make startRatings INSTANCE=1", UP(1));
      await walk.see("WINDOW 1", /ratings instance 1 joined: .*/, { from });
      const visit = await walk.refresh();
      walk.expectAllRatings(visit.html);
      walk.expectBlocks(visit, [seen.address1], [1, 1, 1, 1]);
      walk.expectOutcomes(visit, THINGS.length, 0, "");
    },
  },
  {
    name: "9, 10. A second instance: the requests alternate",
    run: async (walk) => {
      const from = await walk.mark("WINDOW 1");
      [, seen.address2 = ""] = await walk.type("WINDOW 3", "make startRatings INSTANCE=2", UP(2));
      await walk.see("WINDOW 1", /ratings instance 2 joined: .*/, { from });
      const visit = await walk.refresh();
      walk.expectAllRatings(visit.html);
      walk.expectBlocks(visit, [seen.address1, seen.address2], [1, 2, 1, 2]);
      walk.expectOutcomes(visit, THINGS.length, 0, "");
    },
  },
  {
    name: "11, 12. ^Z on instance 2: its requests time out, its breaker opens, and the ratings stay",
    run: async (walk) => {
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
  },
  {
    name: "13. Before the retest delay is over: all requests go to instance 1, and no page waits",
    run: async (walk) => {
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
  },
  {
    name: "14. After the delay, fg: instance 2 beats, and its breaker closes",
    run: async (walk) => {
      await walk.wait("the thirty seconds of the story", walk.pace.retestDelayMs);
      const from = await walk.mark("WINDOW 1");
      const from3 = await walk.mark("WINDOW 3");
      await walk.type("WINDOW 3", "fg", /make startRatings INSTANCE=2/);
      const closed = new RegExp(`INFO:resolver:- CLOSE breaker on \\[ratings at ${seen.address2}\\] \\(heartbeat\\)`);
      await walk.see("WINDOW 1", closed, { from, withinMs: walk.pace.heartbeatIntervalMs });
      await walk.see("WINDOW 3", /INFO:ratings:- instance 2 resumed after a pause of \d+\.\d s/, { from: from3 });
      await walk.see("WINDOW 3", /INFO:ratings:- instance 2 dropped 2 expired requests/, { from: from3 });
    },
  },
  {
    name: "15. The requests alternate again, and all succeed",
    run: async (walk) => {
      const visit = await walk.refresh();
      walk.expectAllRatings(visit.html);
      walk.expectLastKnown(visit.html, 0);
      walk.expectBlocks(visit, [seen.address1, seen.address2], [1, 2, 1, 2]);
      walk.expectOutcomes(visit, THINGS.length, 0, "");
    },
  },
  {
    name: "^C in all windows: everything ends",
    run: async (walk) => {
      for (const window of ["WINDOW 3", "WINDOW 2", "WINDOW 1"] as const) await walk.interrupt(window, PROMPT);
    },
  },
];
