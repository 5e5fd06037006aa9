// takes: 20 s
// The live `dwc top` in a real terminal, in the states that matter: an instance that fails, one whose breaker is open, a bus
// that is away, a Market that does not answer. On a terminal of 80 columns and on a large one.

import * as assert from "uvu/assert";
import { repository } from "../support/repository.ts";
import { systemSuite } from "../support/system.ts";
import { openWindow, type Window } from "../support/terminal.ts";
import { until } from "../support/world.ts";

const LIMIT_MS = 30_000;
const SIZES = [
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
] as const;
const MINUTES_5 = "300000";
/** A paused instance keeps its open breaker: it is neither lost nor tested again. */
const top = systemSuite("dwc top on a screen", { RETEST_DELAY_MS: MINUTES_5, HEARTBEAT_INTERVAL_MS: MINUTES_5 });

/** The last whole frame: each begins at the first column of the first row. */
function screenOf(window: Window): readonly string[] {
  const frames = window.raw().split("\u001b[H").slice(1);
  const last = frames.findLast((frame) => frame.includes("\u001b[J")) ?? "";
  const [frame = ""] = last.split("\u001b[J");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out here
  return frame.split("\n").map((line) => line.replace(/\u001b\[[0-9;]*[A-Za-z]|\r/g, ""));
}

top("shows each state whole at 80 and at 120 columns, and events fill the height", async ({ world, server }) => {
  const market = await world.startMarket();
  await Promise.all([1, 2, 3].map((number) => world.startRatings(number, { CHAOS: "1" })));
  await market.untilKnown(3);
  const windows = await Promise.all(SIZES.map((size) => openTop(size)));
  /** Waits until every terminal shows all of them. */
  const shown = async (...patterns: readonly RegExp[]): Promise<void> => {
    for (const { window, columns, rows } of windows) {
      const isSo = (): boolean => patterns.every((pattern) => screenOf(window).some((line) => pattern.test(line)));
      await until(`${columns} × ${rows}: ${patterns.join(", ")}`, isSo, LIMIT_MS, () => screenOf(window).join("\n"));
      const lines = screenOf(window);
      assert.ok(lines.length <= rows, `${lines.length} lines`);
      for (const line of lines) assert.ok([...line].length <= columns, line);
    }
  };
  async function openTop({ columns, rows }: (typeof SIZES)[number]) {
    const env = { ...process.env, NATS_URL: world.natsUrl, DWC_STATE: world.stateDir };
    const window = await openWindow({ name: "TOP", cwd: repository, env });
    window.type(`stty cols ${columns} rows ${rows}\n`);
    window.type(`${process.execPath} dist/bin/dwc.js top --every 200ms --market ${market.admin}\n`);
    return { window, columns, rows };
  }
  try {
    await shown(/^ratings\/1 +√ healthy .* (next|in turn)$/);
    await world.dwcDone(["fault", "ratings/2", "fail", "100%", "--for", "300s"]);
    await until(
      "instance 2 fails",
      async () => {
        for (let page = 0; page < 5; page += 1) await market.page();
        return windows.every(({ window }) => screenOf(window).some((line) => /^ratings\/2 +▲ failing /.test(line)));
      },
      LIMIT_MS,
      () => windows.map(({ window }) => screenOf(window).join("\n")).join("\n\n"),
    );
    // How many calls, how many succeeded, how many failed: at both sizes.
    await shown(/^ratings\/2 +▲ failing +\d+ +\d+ % +\d+ .*(next|in turn)$/);

    await world.dwcDone(["fault", "ratings/3", "pause", "--for", "300s"]);
    await until(
      "its breaker opens",
      async () => {
        await market.page();
        return windows.every(({ window }) => screenOf(window).some((line) => /^ratings\/3 +× open/.test(line)));
      },
      LIMIT_MS,
    );
    await shown(
      /^ratings\/3 +× open +\d+ +\d+ % +\d+ .*retest in \d (m \d+ )?s$|^ratings\/3 .* retest in \d+ m \d+ s$/,
      /^\d\d:\d\d:\d\d .*OPEN breaker on \[.*\] \(request timed out\)$/,
    );
    for (const { window, rows } of windows) {
      const lines = screenOf(window);
      const events = lines.filter((line) => /^\d\d:\d\d:\d\d /.test(line));
      assert.ok(events.length > 4, `${events.length} events in ${rows} rows:\n${lines.join("\n")}`);
      assert.match(lines.at(-1) ?? "", /^q quit/);
    }

    await server.stop();
    await shown(/bus disconnected.* since \d\d:\d\d:\d\d/, /^ratings\/2 +\? failing .* the bus is disconnected$/);
    await world.dwc(["ps"]); // nothing hangs on it
    await market.program.stop();
    await shown(/^‼ .* has not answered for \d.*: this is as of \d\d:\d\d:\d\d$/, /^ratings\/1 +\? healthy /);
    market.program.signal("SIGCONT");
    await shown(/bus disconnected/);
    for (const { window } of windows) {
      window.type("q");
      await window.waitFor(/TOP\$ $/, LIMIT_MS);
    }
  } finally {
    await Promise.all(windows.map(({ window }) => window.close()));
  }
});

top.run();
