// takes: 40 s
// The tour at a real terminal: stops that are passed, instances in other terminals, a narrow window.

import * as assert from "uvu/assert";
import { repository } from "../support/repository.ts";
import { worldSuite } from "../support/system.ts";
import { openWindow } from "../support/terminal.ts";
import { COMMAND, environment, openTour, TIMEOUT_MS } from "./tour-window.ts";

const tour = worldSuite("make tour, passed and elsewhere");

tour("after ^Z and fg it takes the instances as they are, and passes what cannot be shown", async ({ world }) => {
  const window = await openTour(world);
  try {
    await window.waitFor(/→ 2\. Waiting for a page\./, TIMEOUT_MS);
    for (const heading of ["3, 4", "5, 6", "7, 8", "9, 10", "11, 12"]) {
      window.type("s");
      await window.waitFor(new RegExp(`── ${heading} of 15`), TIMEOUT_MS);
    }
    for (const next of [
      /→ 11\. Waiting for instance 2 to hang/,
      /→ 12\. Waiting for a page/,
      /√ The breaker of instance 2 is open/,
    ]) {
      window.type("\r");
      await window.waitFor(next, TIMEOUT_MS);
    }
    await window.waitFor(/→ 13\. Waiting for a page\./, TIMEOUT_MS);
    window.ctrlZ();
    await window.waitFor(/Stopped[\s\S]*TOUR\$ /, TIMEOUT_MS);
    window.type("fg\n"); // continues instance 2 as well
    await window.waitFor(/breaker closed: a heartbeat[\s\S]*Passed: 13 of 15: .*does not hang any more/, TIMEOUT_MS);
    await window.waitFor(/Passed: 14 of 15: .*takes calls already[\s\S]*→ 15\. Waiting for a page/, TIMEOUT_MS);
    window.type("b"); // 13 and 14 need a fault that is gone
    await window.waitFor(/Passed: 14[\s\S]*── 11, 12 of 15[\s\S]*→ 11\. Waiting for instance 2 to hang/, TIMEOUT_MS);
    window.type("q");
    await window.waitFor(/everything has ended[\s\S]*TOUR\$ /, TIMEOUT_MS);
  } finally {
    await window.close();
  }
});

tour("instances in other terminals are ended where they run, and the missing ones are named", async ({ world }) => {
  const window = await openTour(world);
  const ratings = await openWindow({ name: "RATINGS", cwd: repository, env: environment(world) });
  const instance = (value: string): void => ratings.type(`${process.execPath} dist/bin/ratings.js ${value}\n`);
  const waitAll = async (...patterns: readonly RegExp[]): Promise<void> => {
    for (const pattern of patterns) {
      const found = await window.waitFor(pattern, TIMEOUT_MS, mark);
      mark += found.index + found[0].length;
    }
  };
  let mark = window.mark();
  try {
    await waitAll(/→ 2\. Waiting for a page\./);
    window.type("s");
    await waitAll(/→ 3\. Waiting for instances 1, 2, 3\. In another terminal: {2}make startRatings COUNT=3/);
    instance("--count=2");
    await waitAll(/→ 3\. Waiting for instance 3 \(instances 1, 2 work\)/);
    window.type("s");
    await waitAll(/→ 5\. Waiting for the end of instances 1, 2\. End instances 1, 2 with \^C where they run\./);
    ratings.ctrlC();
    await waitAll(/→ 6\. Waiting for a page\./);
    window.type("ss"); // to "And a second"
    await waitAll(/→ 9\. Waiting for instances 1, 2\./);
    window.type("\r");
    await waitAll(/→ 10\. Waiting for a page\./);
    window.type("s");
    await waitAll(/→ 11\. Waiting for instance 2 to hang\.\s+Enter pauses instance 2/);
  } finally {
    await Promise.all([window.close(), ratings.close()]);
  }
});

tour("on a terminal of 80 columns no line is longer, and VERBOSE=1 prints the lines of the seed", async ({ world }) => {
  const window = await openWindow({ name: "TOUR", cwd: repository, env: environment(world) });
  try {
    window.type("stty cols 80\n");
    const from = window.mark();
    window.type(COMMAND);
    const [, url = ""] = await window.waitFor(/The Market is open at (http:\S+):/, TIMEOUT_MS);
    await window.waitFor(/→ 2\. Waiting for a page\./, TIMEOUT_MS);
    window.type("s\r");
    await window.waitFor(/→ 4\. Waiting for a page\./, TIMEOUT_MS);
    await (await fetch(url)).text();
    await window.waitFor(/\d page {8}4 ratings fresh · [\s\S]*└ the arrows are[\s\S]*→ 5\. Waiting/, TIMEOUT_MS);
    for (const line of window.output().slice(from).split("\n").slice(1))
      assert.ok([...line].length <= 80, `longer than the terminal: ${line}`);
    window.type("q");
    await window.waitFor(/everything has ended[\s\S]*TOUR\$ /, TIMEOUT_MS, from);
    const again = window.mark();
    window.type(COMMAND.replace("\n", " --verbose --restart\n"));
    await window.waitFor(/→ 2\. Waiting for a page\./, TIMEOUT_MS, again);
    window.type("\r");
    await window.waitFor(/market {4}\| ASK for camera[\s\S]*√ The Market knows that no instance/, TIMEOUT_MS, again);
    assert.not.match(window.output().slice(again), " page  ");
  } finally {
    await window.close();
  }
});

tour.run();
