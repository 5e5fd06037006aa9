// A whole system of real processes for one test: a bus on a free port, Markets, Ratings instances, and a state folder
// of its own. `close` ends them all, also after a failure in the middle.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Desk } from "../dwc/run-dwc.ts";
import { DEFAULT_LIMIT_MS, Program, type ProgramOptions } from "./program.ts";
import { until } from "./until.ts";

export { pause, until } from "./until.ts";

export interface RatingJson {
  readonly rating: number;
  readonly at: string;
  readonly ageMs: number;
  readonly instance: number;
  readonly fresh: boolean;
}

/** Known by their facts, whatever the words: an address without a path is where the Market takes visitors. */
export const OPEN = /^INFO:market:.* (http:\/\/[^\s/]+)(?= |$)/;
export const UP = /^INFO:ratings:.*\bpid \d+.* (nats:\S+)/;

export type RatingsJson = Readonly<Record<string, RatingJson | null>>;

export class World {
  readonly natsUrl: string;
  readonly stateDir: string = mkdtempSync(join(tmpdir(), "market-test-"));
  readonly #env: Readonly<Record<string, string>>;
  readonly #programs: Program[] = [];
  readonly #desk = new Desk();

  /** @param env settings of every program in it, beside the bus and the state folder */
  constructor(natsUrl: string, env: Readonly<Record<string, string>> = {}) {
    this.natsUrl = natsUrl;
    this.#env = env;
  }

  start(options: Omit<ProgramOptions, "env"> & { readonly env?: Readonly<Record<string, string>> }): Program {
    const env = { NATS_URL: this.natsUrl, DWC_STATE: this.stateDir, ...this.#env, ...options.env };
    const program = new Program({ ...options, env });
    this.#programs.push(program);
    return program;
  }

  /** dwc as typed in this world, in the test's own process: a start of node costs more than most commands. */
  async dwc(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<DwcOutput> {
    const own = { NATS_URL: this.natsUrl, DWC_STATE: this.stateDir, ...this.#env, ...env };
    const { code, stdout, stderr } = await this.#desk.type(args, { env: own });
    return { code, said: stdout + stderr };
  }

  /** The same until it has worked: dwc listens for answers for a moment, and on a busy machine they may come later. */
  async dwcDone(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<DwcOutput> {
    let last: DwcOutput = { code: null, said: "" };
    const isDone = async (): Promise<boolean> => {
      last = await this.dwc(args, env);
      return last.code === 0;
    };
    await until(`dwc ${args.join(" ")}`, isDone, DEFAULT_LIMIT_MS, () => last.said);
    return last;
  }

  /** A Market that takes visitors, on a free port. */
  async startMarket(env: Readonly<Record<string, string>> = {}, args: readonly string[] = []): Promise<RunningMarket> {
    const program = this.start({ name: "market", args, env: { PORT: "0", ADMIN_PORT: "0", ...env } });
    const [, url = ""] = await program.waitFor(OPEN);
    return new RunningMarket(program, url);
  }

  /** Instance `number`, once it serves. */
  async startRatings(number: number, env: Readonly<Record<string, string>> = {}): Promise<RunningRatings> {
    const program = this.start({ name: "ratings", args: ["--instance", String(number)], env });
    const [, address = ""] = await program.waitFor(UP);
    return new RunningRatings(program, number, address);
  }

  /** All lines of its programs so far: why a test has failed. */
  printed(): string {
    return this.#programs.flatMap(({ lines }) => lines).join("\n");
  }

  async close(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.end()));
    rmSync(this.stateDir, { recursive: true, force: true });
    this.#desk.clear();
  }
}

export interface DwcOutput {
  readonly code: number | null;
  readonly said: string;
}

export class RunningMarket {
  readonly program: Program;
  readonly url: string;
  /** The admin listener; the Market says where it is before it says that it is open. */
  readonly admin: string;

  constructor(program: Program, url: string) {
    this.program = program;
    this.url = url;
    const lines = program.lines.map((line) => /(http:\S+)\/board\b/i.exec(line));
    this.admin = lines.find((found) => found !== null)?.[1] ?? "";
  }

  async page(): Promise<{ readonly status: number; readonly html: string }> {
    const response = await fetch(this.url);
    return { status: response.status, html: await response.text() };
  }

  /** Asks for every rating, as a page does. */
  async ratings(): Promise<RatingsJson> {
    const response = await fetch(`${this.url}/ratings`);
    if (response.status !== 200) throw new Error(`GET /ratings answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as RatingsJson;
  }

  /** Waits until the Market knows `count` instances. */
  async untilKnown(count: number, limitMs = DEFAULT_LIMIT_MS): Promise<void> {
    await until(
      `${count} instances known`,
      async () => {
        const response = await fetch(`${this.url}/readyz`);
        return (await response.text()).includes(`${count} live`);
      },
      limitMs,
    );
  }
}

export class RunningRatings {
  readonly program: Program;
  readonly number: number;
  /** As it is printed: `nats:` and the direct subject. */
  readonly address: string;

  constructor(program: Program, number: number, address: string) {
    this.program = program;
    this.number = number;
    this.address = address;
  }
}

/** The incarnation of an instance: the last part of its address. */
export const incarnationOf = ({ address }: RunningRatings): string => address.split(".").at(-1) ?? "";

export const allFresh = (ratings: RatingsJson): boolean =>
  Object.values(ratings).every((rating) => rating?.fresh === true);
