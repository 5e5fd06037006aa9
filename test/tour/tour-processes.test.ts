// The processes of a tour: an instance that takes its time to end is started again only after its end.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { systemClock } from "../../src/clock.ts";
import { TourProcesses } from "../../src/tour/tour-processes.ts";
import { until } from "../support/until.ts";

const test = suite("processes of the tour");

/** An instance that has said its goodbye goes on for a while, as on a machine that does other work. */
const SLOW_TO_END = `process.on("SIGTERM", () => { console.log("has left"); setTimeout(() => process.exit(), 300); });
console.log("is up");
setInterval(() => {}, 1000);
process.send({ running: "here" });`;

test("an instance that is ended and started again runs again", async () => {
  const folder = mkdtempSync(join(tmpdir(), "processes-"));
  const ratingsScript = join(folder, "ratings.mjs");
  writeFileSync(ratingsScript, SLOW_TO_END);
  const lines: string[] = [];
  const onLine = (speaker: number, text: string): void => void lines.push(`ratings ${speaker} ${text}`);
  const processes = new TourProcesses({
    marketScript: "",
    ratingsScript,
    clock: systemClock(),
    isVerbose: true,
    onLine,
    onActivity: () => {},
    onOwned: () => {},
  });
  try {
    await processes.act({ do: "start", instances: [1, 2] });
    // The story goes on at the goodbye, which comes before the end.
    void processes.act({ do: "end", instances: [1, 2] });
    await until("it has said goodbye", () => lines.includes("ratings 1 has left"));
    await processes.act({ do: "start", instances: [1] });
    await processes.act({ do: "end", instances: [1] });
    assert.equal(
      lines.filter((line) => line.startsWith("ratings 1")),
      ["ratings 1 is up", "ratings 1 has left", "ratings 1 is up", "ratings 1 has left"],
    );
  } finally {
    await processes.close();
    rmSync(folder, { recursive: true });
  }
});

test.run();
