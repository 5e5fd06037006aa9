// How a caller learns who is there: heartbeats, and the roll call that asks for them. It feeds the tracker and tells
// what changes; it asks nobody for anything else.

import type { BusStatus, Message } from "../bus/bus.ts";
import * as subjects from "../bus/core/subjects.ts";
import type { Cancel } from "../clock.ts";
import { type Heartbeat, type ParsedHeartbeat, parseHeartbeat } from "../health/heartbeat.ts";
import type { HealthEvent } from "../health/member.ts";
import { TokenBucket } from "../health/token-bucket.ts";
import type { Tracker } from "../health/tracker.ts";
import { decodeBody, LONGEST_HEARTBEAT_BYTES } from "./body.ts";
import type { WholeClientOptions } from "./client-options.ts";
import { type FaultNote, readNotes } from "./core/fault-notes.ts";
import { FaultsHeard } from "./core/faults-heard.ts";
import { type RollCall, startRollCall } from "./roll-call.ts";

/**
 * How many strangers are listened to. A heartbeat of somebody known costs a few microseconds; one of somebody new takes a
 * row in the table and a place in the ring, ten times as much, and where anybody may send there is no end of new names.
 * A whole fleet may answer one roll call; after that a twentieth of the processor is spent on newcomers. Whoever finds
 * the door shut beats again within its interval.
 */
const MOST_NEWCOMERS_AT_ONCE = 10_000;
const MOST_NEWCOMERS_PER_SECOND = 1_000;

type Heard =
  | Extract<ParsedHeartbeat, { kind: "unreadable" }>
  /** `faults`: undefined of one that takes none. */
  | { readonly kind: "heartbeat"; readonly beat: Heartbeat; readonly faults: readonly FaultNote[] | undefined };

export class Hearing {
  readonly #options: WholeClientOptions;
  readonly #tracker: Tracker;
  readonly #tellChanges: (changes: readonly HealthEvent[]) => void;
  readonly #newcomers = new TokenBucket(MOST_NEWCOMERS_AT_ONCE, MOST_NEWCOMERS_PER_SECOND);
  readonly #stops: Cancel[] = [];
  readonly #faults: FaultsHeard;
  #rollCall: RollCall | undefined;
  /** Since when heartbeats have not been heard, though the bus is there. */
  #deafSince: number | undefined;
  /** Whether "connected" was told, and "away" not since. */
  #isTold = false;

  constructor(options: WholeClientOptions, tracker: Tracker, tellChanges: (changes: readonly HealthEvent[]) => void) {
    this.#options = options;
    this.#tracker = tracker;
    this.#tellChanges = tellChanges;
    this.#faults = new FaultsHeard(options.rules.maxIncarnations);
  }

  start(): void {
    const { bus, ears, clock, service } = this.#options;
    const hear = (message: Message): void => this.#hear(message);
    const heartbeats = ears.subscribe(subjects.allHeartbeatsSubject(service), hear, undefined, "required");
    this.#stops.push(() => heartbeats.close());
    this.#stops.push(bus.watch(() => this.#afterBusStatus()));
    this.#stops.push(ears.watch((status) => this.#afterEarsStatus(status)));
    this.#isTold = bus.status === "connected" && ears.status === "connected";
    if (ears.status === "connected") this.#callTheFirstRoll();
    else this.#guarded(() => this.#tracker.freezeLeases(clock.now()));
  }

  /** The first roll call after connecting, while calls have to wait for it. */
  get rollCall(): Promise<void> | undefined {
    return this.#rollCall?.heard;
  }

  /** Asks everyone to beat, on the connection that will hear them: on another, they could come before it listens. */
  callTheRoll(): void {
    const { ears, service } = this.#options;
    ears.publish(subjects.rollCallSubject(service), "");
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.#rollCall?.over();
  }

  #hear(message: Message): void {
    const { service, clock, tell } = this.#options;
    const incarnation = subjects.incarnationOf(service, message.subject);
    // Before the body is read: in a flood of new names that is most of what they cost.
    const isHeard =
      incarnation === undefined || this.#tracker.knows(incarnation) || this.#newcomers.tryTake(clock.now());
    if (!isHeard) {
      tell({ kind: "crowded" });
      return;
    }
    const heard = this.#read(message, incarnation);
    if (heard.kind === "unreadable") {
      tell({ kind: "unreadable heartbeat", subject: subjects.shownSubject(message.subject), why: heard.why });
      return;
    }
    this.#tellChanges(this.#tracker.onHeartbeat(heard.beat, clock.now()));
    if (heard.faults !== undefined) this.#hearFaults(heard.beat, heard.faults);
    this.#rollCall?.answered();
  }

  #hearFaults({ service, instance, incarnation, address, state }: Heartbeat, notes: readonly FaultNote[]): void {
    // Who is leaving has ended them all; and whom the tracker has turned away nobody hears of.
    if (state !== "up" || !this.#tracker.knows(incarnation)) return;
    const faults = this.#faults.heard(incarnation, notes, this.#options.clock.now());
    if (faults === undefined) return;
    this.#options.tell({ kind: "faults", who: { service, instance, incarnation, address }, faults });
  }

  #read(message: Message, incarnation: string | undefined): Heard {
    const { service } = this.#options;
    if (incarnation === undefined) return { kind: "unreadable", why: "its subject names no incarnation" };
    const decoded = decodeBody(message.body, LONGEST_HEARTBEAT_BYTES);
    if (decoded.kind === "unreadable") return decoded;
    const address = subjects.directSubject(service, incarnation);
    const parsed = parseHeartbeat(decoded.value, { service, incarnation, address });
    if (parsed.kind === "unreadable") return parsed;
    // Not by spreading: that took a tenth of the time of a heartbeat.
    return { kind: "heartbeat", beat: parsed.beat, faults: readNotes(decoded.value) };
  }

  #afterBusStatus(): void {
    this.#deafSince = undefined;
    this.#tellBus();
  }

  /** The bus is there once heartbeats can be received as well; from then on it is as the connection for calls is. */
  #tellBus(): void {
    const { bus, ears, tell } = this.#options;
    if (bus.status === "connected" && !this.#isTold && ears.status !== "connected") return;
    const wasTold = this.#isTold;
    this.#isTold = bus.status === "connected";
    if (this.#isTold || wasTold || bus.status === "closed") tell({ kind: "bus", status: bus.status });
  }

  #afterEarsStatus(status: BusStatus): void {
    const { bus, clock } = this.#options;
    if (status === "connected") {
      this.#guarded(() => this.#tracker.resumeLeases(clock.now()));
      if (!this.#isTold && bus.status === "connected") this.#tellBus();
      this.#tellDeafness();
      this.#callTheFirstRoll();
    } else {
      this.#guarded(() => this.#tracker.freezeLeases(clock.now()));
      this.#rollCall?.over();
      if (bus.status === "connected") this.#deafSince = clock.now();
    }
  }

  /** The core may be the user's own. */
  #guarded(act: () => void): void {
    this.#options.guard.run("core", act, undefined);
  }

  #tellDeafness(): void {
    const { clock, tell } = this.#options;
    if (this.#deafSince !== undefined) tell({ kind: "deaf", deafMs: clock.now() - this.#deafSince });
    this.#deafSince = undefined;
  }

  /** Calls wait for its answers only while nobody is known: later there is always somebody to ask. */
  #callTheFirstRoll(): void {
    const { clock } = this.#options;
    this.#rollCall?.over();
    const someoneIsLive = this.#tracker.live(clock.now()).length > 0;
    if (!someoneIsLive) this.#rollCall = startRollCall(clock, () => (this.#rollCall = undefined));
    this.callTheRoll();
  }
}
