// How the whole town stands, from what its Markets, instances and shopper have told during one fault. Events with
// their times come in, numbers go out.

import type { PageSeen, Told } from "./told.ts";

export interface Teller {
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
  /** When it last called it while nothing was wrong, first of its kind since the last trouble. */
  usedSinceMs: number | undefined;
}

/** What of an instance is trouble, and what ends it. Joining is neither: an instance may be there before it is used. */
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

export class Standing {
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

  /** A fault begins: counts start anew; what is open or away stays so. */
  begin(nowMs: number): void {
    this.#tally = EMPTY;
    this.#errors = new Map();
    this.#startedAtMs = nowMs;
    this.#overAtMs = undefined;
    this.#noticedAtMs = undefined;
  }

  /** The fault is over: from here on every use has to be shown anew. */
  over(nowMs: number): void {
    this.#overAtMs = nowMs;
    for (const view of this.#allViews()) view.usedSinceMs = undefined;
  }

  hear(nowMs: number, teller: Teller, told: Told): void {
    if (told.kind === "bus") this.#hearBus(nowMs, teller, told.connected);
    else if (told.kind === "got") this.#add({ ratingsGot: 1 });
    else if (told.kind === "bad") {
      this.#add({ ratingsFailed: 1 });
      this.#lastBadAtMs = nowMs;
    } else this.#hearOfInstance(nowMs, teller, told);
  }

  see(page: PageSeen): void {
    this.#add({ pages: 1, pageErrors: page.error === undefined ? 0 : 1, blankRatings: page.blank });
    this.#tally = { ...this.#tally, slowestPageMs: Math.max(this.#tally.slowestPageMs, page.tookMs) };
    if (page.error !== undefined) this.#errors.set(page.error, (this.#errors.get(page.error) ?? 0) + 1);
  }

  get tally(): Tally {
    return this.#tally;
  }

  /** What was wrong with pages, and how often. */
  get errors(): ReadonlyMap<string, number> {
    return this.#errors;
  }

  /** From the beginning of the fault to the first word of it; undefined: nobody had to notice anything. */
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

  /** Who is not closed and used, in words. */
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

  #hearBus(nowMs: number, teller: Teller, connected: boolean): void {
    if (connected) return;
    this.#add({ busesLost: 1 });
    this.#notice(nowMs);
    if (teller.kind === "market")
      for (const view of this.#viewsOf(teller.number).values()) view.usedSinceMs = undefined;
  }

  #hearOfInstance(nowMs: number, teller: Teller, told: Extract<Told, { instance: number }>): void {
    const view = this.#viewsOf(teller.number).get(told.instance);
    if (view === undefined) return;
    if (told.kind === "using") {
      if (!view.open) view.usedSinceMs ??= nowMs;
    } else if (told.kind in TROUBLE) {
      view[TROUBLE[told.kind as keyof typeof TROUBLE]] = true;
      view.usedSinceMs = undefined;
      if (told.kind === "opened") this.#add({ breakersOpened: 1 });
      this.#notice(nowMs);
    } else if (told.kind in MENDED) view[MENDED[told.kind as keyof typeof MENDED]] = false;
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
