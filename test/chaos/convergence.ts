// Convergence of the whole cluster during one fault: which Market uses which instance again. Takes the events of Markets,
// instances and shopper with their times, and returns numbers.

import type { LogEvent, PageResult } from "./parse-log-line.ts";

export interface Reporter {
  readonly kind: "market" | "instance";
  readonly number: number;
}

export interface Tally {
  readonly pages: number;
  readonly pageErrors: number;
  readonly blankRatings: number;
  readonly slowestPageMs: number;
  readonly ratingsGot: number;
  readonly ratingsFailed: number;
  readonly breakersOpened: number;
  readonly busesLost: number;
}

/** One Market's view of one instance. */
interface View {
  open: boolean;
  disconnected: boolean;
  /** Time of the first call of this instance since its last trouble. */
  usedSinceMs: number | undefined;
}

/** Events that begin trouble with an instance. Joining does not end the wait for its first use. */
const TROUBLE = { opened: "open", lost: "disconnected", draining: "disconnected", left: "disconnected" } as const;
const MENDED = { closed: "open", returned: "disconnected", joined: "disconnected" } as const;

const EMPTY: Tally = {
  pages: 0,
  pageErrors: 0,
  blankRatings: 0,
  slowestPageMs: 0,
  ratingsGot: 0,
  ratingsFailed: 0,
  breakersOpened: 0,
  busesLost: 0,
};

export class Convergence {
  readonly #views: ReadonlyMap<number, ReadonlyMap<number, View>>;
  #tally: Tally = EMPTY;
  #startedAtMs = 0;
  #overAtMs: number | undefined;
  #noticedAtMs: number | undefined;
  #lastBadAtMs = 0;
  #errors = new Map<string, number>();

  constructor(markets: readonly number[], instances: readonly number[]) {
    const viewsOfAll = (): ReadonlyMap<number, View> =>
      new Map(instances.map((number) => [number, { open: false, disconnected: true, usedSinceMs: undefined }]));
    this.#views = new Map(markets.map((number) => [number, viewsOfAll()]));
  }

  /** A fault begins. Counts are reset; open breakers and disconnected instances stay so. */
  begin(nowMs: number): void {
    this.#tally = EMPTY;
    this.#errors = new Map();
    this.#startedAtMs = nowMs;
    this.#overAtMs = undefined;
    this.#noticedAtMs = undefined;
  }

  /** The fault is over. From now on every instance must be used again by every Market. */
  over(nowMs: number): void {
    this.#overAtMs = nowMs;
    for (const view of this.#allViews()) view.usedSinceMs = undefined;
  }

  onEvent(nowMs: number, reporter: Reporter, event: LogEvent): void {
    if (event.kind === "bus") this.#onBus(nowMs, reporter, event.connected);
    else if (event.kind === "got") this.#add({ ratingsGot: 1 });
    else if (event.kind === "bad") {
      this.#add({ ratingsFailed: 1 });
      this.#lastBadAtMs = nowMs;
    } else this.#onInstance(nowMs, reporter, event);
  }

  see(page: PageResult): void {
    this.#add({ pages: 1, pageErrors: page.error === undefined ? 0 : 1, blankRatings: page.blank });
    this.#tally = { ...this.#tally, slowestPageMs: Math.max(this.#tally.slowestPageMs, page.tookMs) };
    if (page.error !== undefined) this.#errors.set(page.error, (this.#errors.get(page.error) ?? 0) + 1);
  }

  get tally(): Tally {
    return this.#tally;
  }

  /** Errors of pages, with their counts. */
  get errors(): ReadonlyMap<string, number> {
    return this.#errors;
  }

  /** From the beginning of the fault to the first event about it; undefined when no process noticed it. */
  get noticedMs(): number | undefined {
    return this.#noticedAtMs === undefined ? undefined : this.#noticedAtMs - this.#startedAtMs;
  }

  /** From the end of the fault until every Market used every instance, and nothing failed any more; undefined: not yet. */
  get recoveredMs(): number | undefined {
    const overAtMs = this.#overAtMs;
    if (overAtMs === undefined || this.missing.length > 0) return undefined;
    const used = this.#allViews().map(({ usedSinceMs = 0 }) => usedSinceMs);
    return Math.max(0, this.#lastBadAtMs - overAtMs, ...used.map((atMs) => atMs - overAtMs));
  }

  /** Instances whose breaker is not closed or that are not used, in words. */
  get missing(): readonly string[] {
    return [...this.#views].flatMap(([market, views]) =>
      [...views].flatMap(([instance, view]) => {
        const why = view.open
          ? "open"
          : view.disconnected
            ? "disconnected"
            : view.usedSinceMs === undefined
              ? "unused"
              : undefined;
        return why === undefined ? [] : [`instance ${instance} is ${why} at market ${market}`];
      }),
    );
  }

  #onBus(nowMs: number, reporter: Reporter, connected: boolean): void {
    if (connected) return;
    this.#add({ busesLost: 1 });
    this.#notice(nowMs);
    if (reporter.kind === "market")
      for (const view of this.#viewsOf(reporter.number).values()) view.usedSinceMs = undefined;
  }

  #onInstance(nowMs: number, reporter: Reporter, event: Extract<LogEvent, { instance: number }>): void {
    const view = this.#viewsOf(reporter.number).get(event.instance);
    if (view === undefined) return;
    if (event.kind === "using") {
      if (!view.open) view.usedSinceMs ??= nowMs;
    } else if (event.kind in TROUBLE) {
      view[TROUBLE[event.kind as keyof typeof TROUBLE]] = true;
      view.usedSinceMs = undefined;
      if (event.kind === "opened") this.#add({ breakersOpened: 1 });
      this.#notice(nowMs);
    } else if (event.kind in MENDED) view[MENDED[event.kind as keyof typeof MENDED]] = false;
  }

  #notice(nowMs: number): void {
    if (this.#overAtMs === undefined) this.#noticedAtMs ??= nowMs;
  }

  #viewsOf(market: number): ReadonlyMap<number, View> {
    return this.#views.get(market) ?? new Map();
  }

  #allViews(): readonly View[] {
    return [...this.#views.values()].flatMap((views) => [...views.values()]);
  }

  #add(more: Partial<Tally>): void {
    const { pages = 0, pageErrors = 0, blankRatings = 0, ratingsGot = 0, ratingsFailed = 0 } = more;
    const { breakersOpened = 0, busesLost = 0 } = more;
    this.#tally = {
      ...this.#tally,
      pages: this.#tally.pages + pages,
      pageErrors: this.#tally.pageErrors + pageErrors,
      blankRatings: this.#tally.blankRatings + blankRatings,
      ratingsGot: this.#tally.ratingsGot + ratingsGot,
      ratingsFailed: this.#tally.ratingsFailed + ratingsFailed,
      breakersOpened: this.#tally.breakersOpened + breakersOpened,
      busesLost: this.#tally.busesLost + busesLost,
    };
  }
}
