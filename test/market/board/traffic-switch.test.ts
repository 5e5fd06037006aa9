// takes: 10 s
// The process behind the switch of traffic.

import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { systemClock } from "../../../src/clock.ts";
import { TrafficSwitch, trafficSwitchOf } from "../../../src/market/board/traffic-switch.ts";
import type { AppContext } from "../../../src/market/compose.ts";
import { NO_TRAFFIC, type TrafficRate } from "../../../src/monitor/traffic.ts";
import type { LogEntry } from "../../../src/program/log.ts";
import { livingProcesses, send } from "../../support/processes.ts";
import { until } from "../../support/until.ts";
import { ratings, withMarket } from "../serve.ts";

const test = suite("the switch of traffic");
const LIMIT_MS = 20_000;
const script = fileURLToPath(new URL("../../../bin/shoppers.js", import.meta.url));

const childrenOf = (pid: number): readonly number[] =>
  livingProcesses()
    .filter((row) => row.parentPid === pid && row.command.includes("shoppers.js"))
    .map((row) => row.pid);

interface Scene {
  readonly control: TrafficSwitch;
  readonly lines: readonly string[];
  readonly untilReported: (rate: TrafficRate) => Promise<void>;
}

async function withSwitch(act: (scene: Scene) => Promise<void>): Promise<void> {
  const lines: string[] = [];
  await withMarket({ rate: async () => ratings() }, async ({ url }) => {
    const say = ({ text }: LogEntry): void => void lines.push(text);
    const control = new TrafficSwitch({ script, url, clock: systemClock(), say });
    const isReported = (rate: TrafficRate): boolean =>
      control.traffic.rate === rate && (control.traffic.shoppers?.pages ?? 0) > 0;
    const untilReported = (rate: TrafficRate): Promise<void> =>
      until(
        `pages at ${rate}`,
        () => isReported(rate),
        LIMIT_MS,
        () => lines.join("\n"),
      );
    try {
      await act({ control, lines, untilReported });
    } finally {
      await control.close();
    }
    assert.equal(childrenOf(process.pid), [], "the process has ended with the switch");
  });
}

test("one process loads the pages, at the rate of the switch; off ends it, and nothing is claimed any more", () =>
  withSwitch(async ({ control, lines, untilReported }) => {
    assert.equal(control.traffic, NO_TRAFFIC);
    control.set(2, "here");
    control.set(20, "here");
    assert.equal(control.traffic, { rate: 20, shoppers: null });
    await untilReported(20);
    // At two a second they would not come in time.
    await until("pages at the later rate", () => (control.traffic.shoppers?.pages ?? 0) >= 45, LIMIT_MS);
    assert.is(childrenOf(process.pid).length, 1);
    const { pages = 0, failed, fresh } = control.traffic.shoppers ?? {};
    assert.equal([failed, fresh], [0, 4 * pages]);
    control.set(0, "here");
    assert.equal(control.traffic, NO_TRAFFIC);
    await until("it has ended", () => childrenOf(process.pid).length === 0, LIMIT_MS);
    control.set(2, "there");
    await untilReported(2);
    assert.equal(lines, [
      "- traffic: 2 pages a second, set here",
      "- traffic: 20 pages a second, set here",
      "- traffic: off, set here",
      "- traffic: 2 pages a second, set there",
    ]);
  }));

test("a process that was killed leaves the switch off; one that is stopped leaves nothing known", () =>
  withSwitch(async ({ control, lines, untilReported }) => {
    control.set(20, "here");
    await untilReported(20);
    const [pid = 0] = childrenOf(process.pid);
    send(pid, "SIGSTOP");
    await until("nothing is known", () => control.traffic.shoppers === null, LIMIT_MS);
    assert.is(control.traffic.rate, 20);
    send(pid, "SIGCONT");
    await untilReported(20);
    send(pid, "SIGKILL");
    await until("the switch is off", () => control.traffic.rate === 0, LIMIT_MS);
    assert.is(lines.at(-1), "- traffic: off, as the process of the shoppers ended (SIGKILL)");
  }));

test("there is a switch where only this machine reaches the shop", async () => {
  const offered = async (
    host: string,
    publicUrl: string | undefined,
    program: string | undefined,
  ): Promise<boolean> => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    const context = { settings: { publicUrl }, clock: systemClock(), say: () => undefined } as unknown as AppContext;
    const found = trafficSwitchOf(server, context, program);
    server.close();
    return found !== undefined;
  };
  assert.is(await offered("127.0.0.1", undefined, script), true);
  assert.is(await offered("127.0.0.1", undefined, undefined), false);
  assert.is(await offered("127.0.0.1", "https://shop.example", script), false);
  assert.is(await offered("0.0.0.0", undefined, script), false);
});

test.run();
