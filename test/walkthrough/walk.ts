// Fixtures of the walkthrough's steps: three windows, a browser, and expectations of their contents.

import { escapeRegExp } from "../support/escape-regexp.ts";
import { freePort } from "../support/nats-server.ts";
import { openWindow, type Window } from "../support/terminal.ts";

/** Durations: those of the settings, and shorter ones for a faster walk. */
export interface Pace {
  readonly name: "real" | "short";
  readonly requestTimeoutMs: number;
  readonly retestDelayMs: number;
  readonly heartbeatIntervalMs: number;
}

export const REAL_PACE: Pace = {
  name: "real",
  requestTimeoutMs: 1_000,
  retestDelayMs: 30_000,
  heartbeatIntervalMs: 15_000,
};
/** A retest delay that is long enough for a page or two to be loaded before it is over, also on a busy machine. */
export const SHORT_PACE: Pace = {
  name: "short",
  requestTimeoutMs: 500,
  retestDelayMs: 6_000,
  heartbeatIntervalMs: 3_000,
};

export const THINGS = ["camera", "basketball", "briefcase", "football"] as const;
const RATINGS = ["4.5/5", "2.1/5", "3.5/5", "2.2/5"] as const;

/** How long a program may take to start or to say something that nothing stands in the way of. */
const SOON_MS = 30_000;

export type WindowName = "WINDOW 1" | "WINDOW 2" | "WINDOW 3" | "WINDOW 4";

export interface WalkOptions {
  readonly pace: Pace;
  readonly folder: string;
  readonly stateDir: string;
  /** Gets every line that a step has found to be as it should. */
  readonly show: (window: WindowName | "page", line: string) => void;
  /** A wait that the story asks for has begun. */
  readonly waiting: (why: string, ms: number) => void;
}

/** What the Market printed while one page was loaded, and the page. */
export interface Visit {
  readonly html: string;
  readonly output: string;
}

export class Walk {
  readonly pace: Pace;
  readonly #options: WalkOptions;
  readonly #windows = new Map<WindowName, Window>();
  readonly #port: number;
  readonly #natsPort: number;

  static async start(options: WalkOptions): Promise<Walk> {
    return new Walk(options, await freePort(), await freePort());
  }

  constructor(options: WalkOptions, port: number, natsPort: number) {
    this.#options = options;
    this.pace = options.pace;
    this.#port = port;
    this.#natsPort = natsPort;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#windows.values()].map((window) => window.close()));
  }

  /** A window as a person opens one; its programs get the walk's ports, state folder and pace. */
  async window(name: WindowName): Promise<Window> {
    const open = this.#windows.get(name);
    if (open !== undefined) return open;
    const { folder, stateDir, pace } = this.#options;
    const { PATH = "", HOME = "" } = process.env;
    const env = {
      ...{ PATH, HOME, DWC_STATE: stateDir, PORT: String(this.#port), NATS_URL: `nats://127.0.0.1:${this.#natsPort}` },
      ADMIN_PORT: "0",
      REQUEST_TIMEOUT_MS: String(pace.requestTimeoutMs),
      RETEST_DELAY_MS: String(pace.retestDelayMs),
      HEARTBEAT_INTERVAL_MS: String(pace.heartbeatIntervalMs),
    };
    const window = await openWindow({ name, cwd: folder, env });
    this.#windows.set(name, window);
    return window;
  }

  /** Types a command and waits until the window shows `pattern`. */
  async type(name: WindowName, command: string, pattern: RegExp): Promise<RegExpExecArray> {
    const window = await this.window(name);
    const from = window.mark();
    window.type(`${command}\n`);
    this.#options.show(name, `$ ${command}`);
    return this.#seen(name, await window.waitFor(pattern, SOON_MS, from));
  }

  async interrupt(name: WindowName, pattern: RegExp): Promise<void> {
    const window = await this.window(name);
    const from = window.mark();
    window.ctrlC();
    this.#options.show(name, "^C");
    this.#seen(name, await window.waitFor(pattern, SOON_MS, from));
  }

  async suspend(name: WindowName): Promise<void> {
    const window = await this.window(name);
    const from = window.mark();
    window.ctrlZ();
    this.#options.show(name, "^Z");
    await window.waitFor(/Stopped/, SOON_MS, from);
  }

  async mark(name: WindowName): Promise<number> {
    return (await this.window(name)).mark();
  }

  /** Waits until a window shows `pattern`; `withinMs` where the story itself promises when. */
  async see(name: WindowName, pattern: RegExp, { from = 0, withinMs = SOON_MS } = {}): Promise<RegExpExecArray> {
    const window = await this.window(name);
    return this.#seen(name, await window.waitFor(pattern, withinMs, from));
  }

  #seen(name: WindowName, match: RegExpExecArray): RegExpExecArray {
    const isPrompt = match[0].startsWith(name);
    this.#options.show(name, isPrompt ? "(ended)" : match[0]);
    return match;
  }

  /** Lets the time pass that the story says must pass. */
  async wait(why: string, ms: number): Promise<void> {
    this.#options.waiting(why, ms);
    await new Promise((resolve) => setTimeout(resolve, ms));
  }

  async load(): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${this.#port}/`);
    if (response.status !== 200) throw new Error(`the page answered ${response.status}`);
    return response.text();
  }

  /** Refreshes the browser, and reads what the Market says about it. */
  async refresh(): Promise<Visit> {
    const window = await this.window("WINDOW 1");
    const from = window.mark();
    const html = await this.load();
    const last = THINGS.at(-1);
    await window.waitFor(new RegExp(`^(GOT|BAD) ${last}: .*$`, "m"), SOON_MS, from);
    return { html, output: window.output().slice(from) };
  }

  /** Holds what must be so against what is; `what` is the sentence of the walkthrough. */
  expect(what: string, isSo: boolean, instead: string): void {
    if (!isSo) throw new Error(`${what}: not so. Instead:\n${instead}`);
    this.#options.show("page", what);
  }

  // Sayings about one page.

  expectPrices(html: string): void {
    const prices = ["$19.99", "$49.99", "$99.99"].every((price) => html.includes(price));
    this.expect("four things, each with its price", prices && (html.match(/name="addCart"/g) ?? []).length === 4, html);
  }

  expectNoRatings(html: string): void {
    this.expect("no ratings", !RATINGS.some((rating) => html.includes(rating)), html);
  }

  expectAllRatings(html: string): void {
    this.expect(
      "all four ratings are there",
      RATINGS.every((rating) => html.includes(rating)),
      html,
    );
  }

  expectLastKnown(html: string, count: number): void {
    const found = (html.match(/last known/g) ?? []).length;
    this.expect(`${count} of them as last known`, found >= count && (count > 0 || found === 0), html);
  }

  /** Every thing's block stands together, as ASK, resolving, resolved, using; the lists and the numbers as given. */
  expectBlocks({ output }: Visit, addresses: readonly string[], numbers: readonly number[]): void {
    const list = addresses.map(escapeRegExp).join(", ");
    const using = [...output.matchAll(/^INFO:resolver:- ratings using instance (\d+): nats:ratings\.get\.\S+$/gm)];
    for (const thing of THINGS) {
      const block = `^ASK for ${thing}\nDEBUG:DWC:DWC resolving ratings\nDEBUG:DWC:DWC resolved ratings => \\[${list}\\]\nINFO:resolver:- ratings using instance`;
      this.expect(
        `ASK for ${thing}, resolved to ${addresses.length}, and one is used`,
        new RegExp(block, "m").test(output),
        output,
      );
    }
    const used = using.map(([, number]) => Number(number));
    this.expect(`used in turn: ${numbers.join(", ")}`, sameTurns(used, numbers), output);
  }

  expectOutcomes({ output }: Visit, got: number, bad: number, why: string): void {
    const goods = output.match(/^GOT \S+: \d(\.\d)?$/gm) ?? [];
    const bads = output.match(/^BAD \S+: .*$/gm) ?? [];
    const allSay = bads.every((line) => line.endsWith(`: ${why}`));
    const what = bad === 0 ? `${got} GOT, none BAD` : `${got} GOT, ${bad} BAD: ${why}`;
    this.expect(what, goods.length === got && bads.length === bad && allSay, output);
  }

  waited({ output }: Visit): number {
    const waited = output.match(/^WAITED (\d+)ms$/m);
    if (waited === null) throw new Error(`no WAITED line in:\n${output}`);
    this.#options.show("WINDOW 1", waited[0]);
    return Number(waited[1]);
  }
}

/** The same round, from whichever instance it happens to begin. */
function sameTurns(used: readonly number[], round: readonly number[]): boolean {
  const rounds = round.map((_, start) => [...round.slice(start), ...round.slice(0, start)].join());
  return rounds.includes(used.join());
}
