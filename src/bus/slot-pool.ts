// Slots for in-flight calls, found by the reply subject of each call.
//
// Slots live in an array, not in a Map. A Map whose entries come and go allocates a new table every hundred or so
// operations, and V8 links each old table to the next. Once one of them is old, all later ones stay until the next full
// collection. With 64 calls in flight that was every second byte that garbage collection cost.
//
// A reply subject may serve again. A server caches which subscription a subject leads to. With a new reply subject for
// every call it looks up and caches each answer's subject; with reused ones the caller makes 15 % more calls a second.
//
// An answer must never reach another call. So a reply subject serves again only under these conditions:
// - its one answer has arrived, from an instance that promises at most one (`answersOnce` in its heartbeats);
// - a few hundred other calls have ended since;
// - nothing has arrived for it meanwhile;
// - the next call goes to the same address. An instance therefore never learns the reply subject of a call to another.
// A reply that is still missing can arrive later, so its subject is not reused.

import type { ReplySubjects } from "./reply-subjects.ts";

/** Slot numbers are written in digits and letters: the shortest form that one part of a subject may hold. */
const BASE = 36;
/**
 * So many calls end, its own included, before a reply subject serves again: an instance that answers twice does it
 * within moments. With as many calls in flight a nats-server still caches all of them; it keeps 1,024 subjects.
 */
export const REUSE_DELAY = 384;
/** Cooling slots in all: one for each of 10,000 instances, and some. At 150 bytes each that is under 3 MB. */
const MAX_COOLING = 16_384;
/** Addresses whose prefix is kept: more than a tracker has incarnations. */
const MAX_ADDRESSES = 16_384;

interface Slot<T> {
  readonly index: number;
  /** Empty while the slot is free and no reply subject leads to it. */
  replyTo: string;
  entry: T | undefined;
  /** How many calls had ended before its own did. */
  cooledAt: number;
}

/** The slots whose reply subjects belong to one address. */
interface Address<T> {
  readonly prefix: string;
  /** Free, with a reply subject that has served; the longest cooled comes first. */
  readonly cooling: Slot<T>[];
  usedAt: number;
}

export class SlotPool<T> {
  readonly #subjects: ReplySubjects;
  readonly #reuseDelay: number;
  readonly #slots: Slot<T>[] = [];
  /** Free, and no reply subject leads to them. */
  readonly #free: Slot<T>[] = [];
  readonly #addresses = new Map<string, Address<T>>();
  #cooling = 0;
  /** Calls that have ended: the pool's only measure of time. */
  #ended = 0;

  /** @param reuseDelay how many calls end before a reply subject serves again */
  constructor(subjects: ReplySubjects, reuseDelay: number = REUSE_DELAY) {
    this.#subjects = subjects;
    this.#reuseDelay = reuseDelay;
  }

  get size(): number {
    return this.#slots.length - this.#free.length - this.#cooling;
  }

  /**
   * @param to the subject that the call is sent to
   * @param acceptUsed whether a reply subject may be used that has served a call to the same subject before
   * @returns the reply subject under which `entry` is found from now on
   */
  put(entry: T, to: string, acceptUsed: boolean): string {
    const address = this.#addressOf(to);
    address.usedAt = this.#ended;
    const slot = (acceptUsed ? this.#cooled(address) : undefined) ?? this.#renewed(address);
    slot.entry = entry;
    return slot.replyTo;
  }

  /** The entry that waits under that whole reply subject; undefined for one that leads to none, or no longer. */
  find(replyTo: string): T | undefined {
    return this.#slotOf(replyTo)?.entry;
  }

  /** @param reusable whether nothing more can arrive under that reply subject, so that it may serve again */
  remove(replyTo: string, to: string, reusable: boolean): void {
    const slot = this.#slotOf(replyTo);
    if (slot?.entry === undefined) return;
    slot.entry = undefined;
    if (reusable) this.#cool(slot, to);
    else this.#retire(slot);
    this.#ended += 1;
  }

  /** Something has arrived under a reply subject that no call waits for: it must not serve another call. */
  retireIfFree(replyTo: string): void {
    const slot = this.#slotOf(replyTo);
    // It stays in its address's queue, where an empty reply subject marks it as retired.
    if (slot !== undefined && slot.entry === undefined) slot.replyTo = "";
  }

  /** The process that served this subject is dead: its reply subjects serve no more. */
  forget(to: string): void {
    const address = this.#addresses.get(to);
    if (address === undefined) return;
    this.#addresses.delete(to);
    this.#cooling -= address.cooling.length;
    for (const slot of address.cooling.splice(0)) this.#retire(slot);
  }

  /** Visits every entry; one that is put or removed meanwhile may or may not be visited. */
  forEach(visit: (entry: T, replyTo: string) => void): void {
    for (const { replyTo, entry } of this.#slots) if (entry !== undefined) visit(entry, replyTo);
  }

  /** The same as a list, for a caller that removes some of them. */
  all(): readonly (readonly [replyTo: string, entry: T])[] {
    const all: (readonly [replyTo: string, entry: T])[] = [];
    this.forEach((entry, replyTo) => {
      all.push([replyTo, entry]);
    });
    return all;
  }

  #addressOf(to: string): Address<T> {
    const known = this.#addresses.get(to);
    if (known !== undefined) return known;
    if (this.#addresses.size >= MAX_ADDRESSES) this.#evict();
    const address = { prefix: this.#subjects.prefixFor(to), cooling: [], usedAt: this.#ended };
    this.#addresses.set(to, address);
    return address;
  }

  #cooled({ cooling }: Address<T>): Slot<T> | undefined {
    for (;;) {
      const [first] = cooling;
      if (first === undefined) return undefined;
      const isRetired = first.replyTo === "";
      if (!isRetired && this.#ended - first.cooledAt < this.#reuseDelay) return undefined;
      cooling.shift();
      this.#cooling -= 1;
      if (!isRetired) return first;
      this.#free.push(first);
    }
  }

  /** A slot with a new reply subject, which no instance knows. */
  #renewed({ prefix }: Address<T>): Slot<T> {
    const slot = this.#free.pop() ?? this.#grow();
    slot.replyTo = `${prefix}${slot.index.toString(BASE)}-${this.#subjects.newToken()}`;
    return slot;
  }

  #cool(slot: Slot<T>, to: string): void {
    slot.cooledAt = this.#ended;
    this.#addressOf(to).cooling.push(slot);
    this.#cooling += 1;
    if (this.#cooling > MAX_COOLING) this.#evict();
  }

  #retire(slot: Slot<T>): void {
    slot.replyTo = "";
    this.#free.push(slot);
  }

  /** Forgets the half of the addresses that was called least recently: incarnations end, and nothing else says so. */
  #evict(): void {
    const byUse = [...this.#addresses].sort(([, a], [, b]) => a.usedAt - b.usedAt);
    for (const [to] of byUse.slice(0, Math.ceil(byUse.length / 2))) this.forget(to);
  }

  #grow(): Slot<T> {
    const slot: Slot<T> = { index: this.#slots.length, replyTo: "", entry: undefined, cooledAt: 0 };
    this.#slots.push(slot);
    return slot;
  }

  #slotOf(replyTo: string): Slot<T> | undefined {
    // The number ends at the hyphen: a last part of "1c-a8…" is in slot 1c.
    const slot = this.#slots[Number.parseInt(replyTo.slice(replyTo.lastIndexOf(".") + 1), BASE)];
    return slot !== undefined && slot.replyTo !== "" && slot.replyTo === replyTo ? slot : undefined;
  }
}
