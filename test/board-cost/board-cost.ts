// `make board-cost`: what 200 viewers of a board of 1,000 instances cost a Market that sells pages meanwhile. Pairs with
// and without viewers take turns, so that other load on the machine affects both. Compared is processor time, as on
// a busy machine pages a second say more of the machine: once for a page at full load, and once at a calm pace, where the
// difference is the viewers' alone. A Market has one processor: of that their share is what is missing for pages.

import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { Agent, get } from "node:http";
import { loadavg } from "node:os";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import { startNatsServer } from "../support/nats-server.ts";
import { pause, type RunningMarket, World } from "../support/world.ts";

const INSTANCES = 1_000;
const VIEWERS = 200;
const DEFAULT_ROUNDS = 5;
const ROUND_MS = 4_000;
const WARM_UP_MS = 8_000;
const SETTLE_MS = 1_500;
/** Enough that every instance is called and its numbers move, as they do at full load. */
const CALM_PAGES = 150;
/** As many pages at once as a small shop has. */
const IN_FLIGHT = 8;
const JOIN_LIMIT_MS = 60_000;
/** The share of the Market's processor that README promises. */
const MAX_COST = 0.1;
/** The kernel counts processor time in hundredths of a second. */
const TICK_MS = 10;
const SECOND_MS = 1_000;

/** A program beside the Market, which answers each line of its input with a line. */
class Helper {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(name: string, args: readonly string[]) {
    const script = fileURLToPath(new URL(`./${name}.js`, import.meta.url));
    this.#child = spawn(process.execPath, [script, ...args], { stdio: ["pipe", "pipe", "inherit"] });
    const lines: Interface = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream });
    this.#lines = lines[Symbol.asyncIterator]();
  }

  async says(): Promise<string> {
    return (await this.#lines.next()).value ?? "";
  }

  send(line: string): Promise<string> {
    this.#child.stdin?.write(`${line}\n`);
    return this.says();
  }

  end(): void {
    this.#child.kill("SIGKILL");
  }
}

/** Processor time in ms. */
interface Measured {
  readonly perSecond: number;
  readonly msPerSecond: number;
  readonly msPerPage: number;
}

const agent = new Agent({ keepAlive: true });

function loadPage(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`a page was answered with ${response.statusCode}`));
      response.resume().on("end", resolve);
    }).on("error", reject);
  });
}

/** User and system time of a process so far. */
function processorMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** @param perSecond so many pages and no more; left out: as many as it can */
async function measure({ url, program }: RunningMarket, forMs: number, perSecond = Infinity): Promise<Measured> {
  const [startedAt, before] = [performance.now(), processorMsOf(program.pid)];
  const passedMs = (): number => performance.now() - startedAt;
  let pages = 0;
  const lane = async (): Promise<void> => {
    while (passedMs() < forMs) {
      if (pages >= (passedMs() * perSecond) / SECOND_MS) await pause(1);
      else {
        pages += 1;
        await loadPage(url);
      }
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  const processorMs = processorMsOf(program.pid) - before;
  const seconds = passedMs() / SECOND_MS;
  return { perSecond: pages / seconds, msPerSecond: processorMs / seconds, msPerPage: processorMs / pages };
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

const figures = ({ perSecond, msPerPage }: Measured): string =>
  `${perSecond.toFixed(0).padStart(5)} pages/s, ${msPerPage.toFixed(3)} ms a page`;

/** @returns the viewers' share of the one processor that a Market has, and what pages cost less without them */
async function compare(
  market: RunningMarket,
  viewers: Helper,
): Promise<{ readonly share: number; readonly page: number }> {
  const calm = await measure(market, ROUND_MS, CALM_PAGES);
  const busy = await measure(market, ROUND_MS);
  await viewers.send("open");
  // What they are shown first costs once, however long they stay.
  await measure(market, SETTLE_MS);
  const calmWatched = await measure(market, ROUND_MS, CALM_PAGES);
  const busyWatched = await measure(market, ROUND_MS);
  await viewers.send("close");
  const share = (calmWatched.msPerSecond - calm.msPerSecond) / SECOND_MS;
  const page = 1 - busy.msPerPage / busyWatched.msPerPage;
  console.log(
    `  at full load: ${figures(busy)} without viewers, ${figures(busyWatched)} with: ${percent(page)} of it the viewers'`,
  );
  console.log(
    `  at ${CALM_PAGES} pages/s: ${calm.msPerSecond.toFixed(0)} ms of processor a second without, ${calmWatched.msPerSecond.toFixed(0)} with: ${percent(share)} of a second`,
  );
  return { share, page };
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

async function main(): Promise<number> {
  const rounds = Number(process.argv[2] || DEFAULT_ROUNDS);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`ROUNDS=${process.argv[2]} is no number of rounds`);
  const server = await startNatsServer();
  const world = new World(server.url, { LOG_LEVEL: "WARNING" });
  const crowd = new Helper("crowd", [server.url, String(INSTANCES)]);
  let viewers: Helper | undefined;
  try {
    const market = await world.startMarket({ LOG_LEVEL: "INFO" });
    console.log(
      `board-cost: ${INSTANCES} instances, ${VIEWERS} viewers; load of the machine ${loadavg()[0]?.toFixed(1)}`,
    );
    await crowd.says();
    await market.untilKnown(INSTANCES, JOIN_LIMIT_MS);
    viewers = new Helper("viewers", [market.admin, String(VIEWERS)]);
    await measure(market, WARM_UP_MS);
    const compared: { readonly share: number; readonly page: number }[] = [];
    for (let round = 0; round < rounds; round++) compared.push(await compare(market, viewers));
    const cost = median(compared.map(({ share }) => share));
    const page = median(compared.map((one) => one.page));
    console.log(
      `board-cost: ${VIEWERS} viewers take ${percent(cost)} of the Market's processor; the limit is ${percent(MAX_COST)} (median of ${rounds})`,
    );
    if (cost < 0)
      console.log("board-cost: below zero is noise: other programs disturbed the rounds; ROUNDS=9 shows more");
    console.log(
      `board-cost: at full load the viewers are ${percent(page)} of what a page costs; load of the machine ${loadavg()[0]?.toFixed(1)}`,
    );
    return cost < MAX_COST ? 0 : 1;
  } finally {
    viewers?.end();
    crowd.end();
    agent.destroy();
    await world.close();
    await server.stop();
  }
}

// A reader that ends (`make board-cost | head`) must not end this process before its Market and its bus.
process.stdout.on("error", () => undefined);
process.exitCode = await main();
