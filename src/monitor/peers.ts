// Views: the states that Markets report to each other, on the wire (docs/protocol.md). A view is bounded: of a thousand
// instances it has the worst, and the number of the others. An instance that is not in it is "omitted": no opinion.

import { isIncarnationId } from "../bus/core/subjects.ts";
import { MAX_INSTANCE } from "../health/heartbeat.ts";
import type { Member } from "../health/member.ts";
import { fieldsOf, isIntegerIn } from "../util/json.ts";
import { TokenBucket } from "../util/token-bucket.ts";
import type { ServiceMonitor } from "./monitor.ts";
import type { MonitorSource } from "./snapshot.ts";
import { HEALTH_STATES, type HealthState, STATES, stateOf } from "./states.ts";

/** The state that a Market reports for one incarnation. */
export interface InstanceStatus {
  readonly instance: number;
  readonly incarnation: string;
  readonly state: HealthState;
  /** Epoch ms, by the clock of the Market that reports it. */
  readonly since: number;
  readonly why: string | null;
  /** Its calls to the instance in the last minute, when the view was published. Absent: an older Market. */
  readonly calls?: number;
}

export interface PeerView {
  /** The id of one running Market: a new one at each start. */
  readonly market: string;
  /** Its host and port. */
  readonly name: string;
  /** Counts up from 0. A view with a lower number arrived out of order. */
  readonly seq: number;
  /** The maximal time until the next view, in ms. */
  readonly intervalMs: number;
  readonly state: "up" | "gone";
  readonly instances: readonly InstanceStatus[];
  /** The number of instances that it knows and does not report. */
  readonly omitted: number;
}

/** A few screens. The views of 32 Markets, one a second, are 4 MB. */
export const MAX_STATUSES = 250;
/** One and a half times the size of that many statuses with ids of the default length. */
export const MAX_VIEW_BYTES = 64 * 1024;
/** The table of the board has no room for a longer name. */
const MAX_NAME_LENGTH = 64;
const MAX_REASON_LENGTH = 80;
/** A Market with a longer interval would stay on every board long after its end. */
const MAX_INTERVAL_MS = 60_000;
const MIN_INTERVAL_MS = 100;
const MAX_OMITTED = 1_000_000;
/** No Market makes more in a minute. */
const MAX_CALLS = 1_000_000_000;

export type ParsedView =
  | { readonly kind: "view"; readonly view: PeerView }
  | { readonly kind: "unreadable"; readonly why: string };

/** Any client on the bus can send a view. @param origin service and Market that its subject names */
export function parseView(body: unknown, origin: { readonly service: string; readonly market: string }): ParsedView {
  const { service, market, name, seq, intervalMs, state, instances, omitted } = fieldsOf(body);
  if (service !== origin.service) return unreadable("service is not the one of its subject");
  if (market !== origin.market) return unreadable("market is not the one of its subject");
  if (!isIntegerIn(seq, 0, Number.MAX_SAFE_INTEGER)) return unreadable("seq is not a whole number");
  if (!isIntegerIn(intervalMs, MIN_INTERVAL_MS, MAX_INTERVAL_MS))
    return unreadable(`intervalMs is not a whole number from ${MIN_INTERVAL_MS} to ${MAX_INTERVAL_MS}`);
  if (state !== "up" && state !== "gone") return unreadable("state is neither up nor gone");
  if (!isIntegerIn(omitted, 0, MAX_OMITTED)) return unreadable("omitted is not a whole number");
  const statuses = readStatuses(instances);
  if (statuses === undefined) return unreadable(`instances is not a list of up to ${MAX_STATUSES} statuses`);
  const shownName = typeof name === "string" && isName(name) ? name : origin.market;
  return {
    kind: "view",
    view: { market, name: shownName, seq, intervalMs, state, instances: statuses, omitted },
  };
}

/** A host and its port. Another text is not shown as a name. */
export const isName = (name: string): boolean => name.length <= MAX_NAME_LENGTH && /^[A-Za-z0-9._:[\]-]+$/.test(name);

const unreadable = (why: string): ParsedView => ({ kind: "unreadable", why });

/** Undefined: one status is invalid, or two are of one incarnation. The whole view is then dropped. */
function readStatuses(value: unknown): readonly InstanceStatus[] | undefined {
  if (!Array.isArray(value) || value.length > MAX_STATUSES) return undefined;
  const statuses = value.map(readStatus).filter((one) => one !== undefined);
  return new Set(statuses.map(({ incarnation }) => incarnation)).size === value.length ? statuses : undefined;
}

function readStatus(value: unknown): InstanceStatus | undefined {
  const { instance, incarnation, state: stateName, since, why, calls } = fieldsOf(value);
  const state = HEALTH_STATES.find((known) => known === stateName);
  if (state === undefined || !isIntegerIn(instance, 1, MAX_INSTANCE)) return undefined;
  if (typeof incarnation !== "string" || !isIncarnationId(incarnation)) return undefined;
  if (!isIntegerIn(since, 0, Number.MAX_SAFE_INTEGER)) return undefined;
  // A reason decides nothing: an invalid one becomes null, and the view stays.
  const isReason = typeof why === "string" && why.length <= MAX_REASON_LENGTH && !/\p{C}/u.test(why);
  const status = { instance, incarnation, state, since, why: isReason ? why : null };
  // The calls decide nothing either.
  return isIntegerIn(calls, 0, MAX_CALLS) ? { ...status, calls } : status;
}

export interface LocalStatuses {
  readonly statuses: readonly InstanceStatus[];
  readonly omitted: number;
}

/** The view that this Market publishes. It is read once a second, so it costs one pass over the table. */
export class LocalView {
  readonly #monitor: ServiceMonitor;
  readonly #source: MonitorSource;
  #last: ReadonlyMap<string, InstanceStatus> = new Map();
  #isChanged = true;

  constructor(monitor: ServiceMonitor, source: MonitorSource) {
    this.#monitor = monitor;
    this.#source = source;
  }

  /** Whether the last `read` differs from the one before it. */
  get isChanged(): boolean {
    return this.#isChanged;
  }

  /** @param wall epoch ms: the start of each state that is new */
  read(wall: number): LocalStatuses {
    const before = this.#last;
    const statuses = this.#worst().map((member) => this.#statusOf(member, before, wall));
    this.#last = new Map(statuses.map((status) => [status.incarnation, status]));
    this.#isChanged = statuses.length !== before.size || statuses.some((one) => before.get(one.incarnation) !== one);
    return { statuses, omitted: this.#source.tracker.size - statuses.length };
  }

  /** The same object as long as the state is the same. */
  #statusOf(member: Member, before: ReadonlyMap<string, InstanceStatus>, wall: number): InstanceStatus {
    const { instance, incarnation } = member.who;
    const state = stateOf(member);
    const last = before.get(incarnation);
    if (last?.state === state) return last;
    return { instance, incarnation, state, since: Math.round(wall), why: this.#why(member, state) };
  }

  #why({ who, membership }: Member, state: HealthState): string | null {
    if (STATES[state].treatment === "skips") return this.#monitor.whyOpened(who.incarnation) ?? null;
    return membership.kind === "up" ? null : membership.reason;
  }

  /** By state. Within a state, instances that are up are in the order of their turns: the ring has that order. */
  #worst(): readonly Member[] {
    const { tracker } = this.#source;
    const byState = new Map<HealthState, Member[]>(HEALTH_STATES.map((state) => [state, []]));
    for (const member of tracker.ring.all()) byState.get(stateOf(member))?.push(member);
    for (const member of tracker.all()) if (member.membership.kind !== "up") byState.get(stateOf(member))?.push(member);
    return HEALTH_STATES.flatMap((state) => byState.get(state) ?? []).slice(0, MAX_STATUSES);
  }
}

/** More Markets behind one load balancer would need another kind of board. */
const MAX_MARKETS = 32;
/** One view may be lost. */
const LEASE_INTERVALS = 2;

/**
 * Parsing a view takes up to a millisecond, and every client on the bus may send views. Each known Market has a token
 * bucket of its own, and all unknown ones share another. A flood in any name suppresses no other Market, and costs at
 * most 7 % of a core.
 */
const KNOWN_MARKET_BURST = 4;
const KNOWN_MARKET_VIEWS_PER_SECOND = 2;
const UNKNOWN_MARKETS_BURST = 16;
const UNKNOWN_MARKETS_VIEWS_PER_SECOND = 4;

interface Entry {
  readonly view: PeerView;
  readonly expiresAt: number;
  readonly bucket: TokenBucket;
}

/**
 * The views of other Markets. A view expires after twice the interval that its Market promises, as a heartbeat does.
 * The table is bounded, and a Market in it keeps its entry: unknown Markets, however many, evict none.
 */
export class PeerMarkets {
  readonly #entries = new Map<string, Entry>();
  readonly #unknownMarkets = new TokenBucket(UNKNOWN_MARKETS_BURST, UNKNOWN_MARKETS_VIEWS_PER_SECOND);

  /** Whether the rate limits allow reading a view from this Market. */
  mayRead(market: string, now: number): boolean {
    return (this.#entries.get(market)?.bucket ?? this.#unknownMarkets).tryTake(now);
  }

  /** @returns true: the Market was unknown, so it has not received our view either */
  receive(view: PeerView, now: number): boolean {
    const known = this.#entries.get(view.market);
    if (known !== undefined && view.seq <= known.view.seq) return false;
    if (view.state === "gone") {
      this.#entries.delete(view.market);
      return false;
    }
    if (known === undefined && this.#entries.size >= MAX_MARKETS) return false;
    const bucket = known?.bucket ?? new TokenBucket(KNOWN_MARKET_BURST, KNOWN_MARKET_VIEWS_PER_SECOND);
    this.#entries.set(view.market, { view, expiresAt: now + view.intervalMs * LEASE_INTERVALS, bucket });
    return known === undefined;
  }

  /** The views that have not expired, sorted by name. Evicts the others. */
  live(now: number): readonly PeerView[] {
    for (const [market, { expiresAt }] of this.#entries) if (now >= expiresAt) this.#entries.delete(market);
    const views = [...this.#entries.values()].map(({ view }) => view);
    return views.sort((a, b) => (a.name === b.name ? (a.market < b.market ? -1 : 1) : a.name < b.name ? -1 : 1));
  }
}
