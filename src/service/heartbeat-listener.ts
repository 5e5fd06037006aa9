// How a caller learns who is there: heartbeats, and the roll call that asks for them. It feeds the tracker and tells
// what changes; it asks nobody for anything else.

import type { BusStatus, Message } from "../bus/bus.ts";
import * as subjects from "../bus/core/subjects.ts";
import type { Cancel } from "../clock.ts";
import { type Heartbeat, type ParsedHeartbeat, parseHeartbeat } from "../health/heartbeat.ts";
import type { HealthEvent } from "../health/member.ts";
import { TokenBucket } from "../health/token-bucket.ts";
import type { Tracker } from "../health/tracker.ts";
import { decodeBody, MAX_HEARTBEAT_BYTES } from "./body.ts";
import type { ResolvedClientOptions } from "./client-options.ts";
import { type FaultStatus, parseFaultStatuses } from "./core/fault-status.ts";
import { KnownFaults } from "./core/known-faults.ts";
import { type RollCall, startRollCall } from "./roll-call.ts";

/**
 * How many strangers are listened to. A heartbeat of somebody known costs a few microseconds; one of somebody new takes a
 * row in the table and a place in the ring, ten times as much, and where anybody may send there is no end of new names.
 * A whole fleet may answer one roll call; after that a twentieth of the processor is spent on newcomers. Whoever finds
 * the door shut beats again within its interval.
 */
const NEWCOMER_BURST = 10_000;
const NEWCOMERS_PER_SECOND = 1_000;

type DecodedHeartbeat =
  | Extract<ParsedHeartbeat, { kind: "unreadable" }>
  /** `faults`: undefined of one that takes none. */
  | { readonly kind: "heartbeat"; readonly beat: Heartbeat; readonly faults: readonly FaultStatus[] | undefined };

export class HeartbeatListener {
  readonly #options: ResolvedClientOptions;
  readonly #tracker: Tracker;
  readonly #emitChanges: (changes: readonly HealthEvent[]) => void;
  readonly #newcomerLimit = new TokenBucket(NEWCOMER_BURST, NEWCOMERS_PER_SECOND);
  readonly #stops: Cancel[] = [];
  readonly #knownFaults: KnownFaults;
  #rollCall: RollCall | undefined;
  /** Since when heartbeats have not been heard, though the bus is there. */
  #disconnectedSince: number | undefined;
  /** Whether "connected" was told, and "away" not since. */
  #isConnectedReported = false;

  constructor(
    options: ResolvedClientOptions,
    tracker: Tracker,
    emitChanges: (changes: readonly HealthEvent[]) => void,
  ) {
    this.#options = options;
    this.#tracker = tracker;
    this.#emitChanges = emitChanges;
    this.#knownFaults = new KnownFaults(options.rules.maxIncarnations);
  }

  start(): void {
    const { bus, ears, clock, service } = this.#options;
    const onHeartbeat = (message: Message): void => this.#onHeartbeat(message);
    const heartbeats = ears.subscribe(subjects.allHeartbeatsSubject(service), onHeartbeat, undefined, "required");
    this.#stops.push(() => heartbeats.close());
    this.#stops.push(bus.watch(() => this.#afterBusStatus()));
    this.#stops.push(ears.watch((status) => this.#afterHeartbeatBusStatus(status)));
    this.#isConnectedReported = bus.status === "connected" && ears.status === "connected";
    if (ears.status === "connected") this.#startInitialRollCall();
    else this.#runBalancer(() => this.#tracker.freezeLeases(clock.now()));
  }

  /** The first roll call after connecting, while calls have to wait for it. */
  get rollCall(): Promise<void> | undefined {
    return this.#rollCall?.finished;
  }

  /** Asks everyone to beat, on the connection that will hear them: on another, they could come before it listens. */
  sendRollCall(): void {
    const { ears, service } = this.#options;
    ears.publish(subjects.rollCallSubject(service), "");
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.#rollCall?.over();
  }

  #onHeartbeat(message: Message): void {
    const { service, clock, tell } = this.#options;
    const incarnation = subjects.incarnationOf(service, message.subject);
    // Before the body is read: in a flood of new names that is most of what they cost.
    const isAdmitted =
      incarnation === undefined || this.#tracker.knows(incarnation) || this.#newcomerLimit.tryTake(clock.now());
    if (!isAdmitted) {
      tell({ kind: "crowded" });
      return;
    }
    const decoded = this.#read(message, incarnation);
    if (decoded.kind === "unreadable") {
      tell({ kind: "unreadable heartbeat", subject: subjects.shownSubject(message.subject), why: decoded.why });
      return;
    }
    this.#emitChanges(this.#tracker.onHeartbeat(decoded.beat, clock.now()));
    if (decoded.faults !== undefined) this.#updateFaults(decoded.beat, decoded.faults);
    this.#rollCall?.answered();
  }

  #updateFaults({ service, instance, incarnation, address, state }: Heartbeat, notes: readonly FaultStatus[]): void {
    // Who is leaving has ended them all; and whom the tracker has turned away nobody hears of.
    if (state !== "up" || !this.#tracker.knows(incarnation)) return;
    const faults = this.#knownFaults.update(incarnation, notes, this.#options.clock.now());
    if (faults === undefined) return;
    this.#options.tell({ kind: "faults", who: { service, instance, incarnation, address }, faults });
  }

  #read(message: Message, incarnation: string | undefined): DecodedHeartbeat {
    const { service } = this.#options;
    if (incarnation === undefined) return { kind: "unreadable", why: "its subject names no incarnation" };
    const decoded = decodeBody(message.body, MAX_HEARTBEAT_BYTES);
    if (decoded.kind === "unreadable") return decoded;
    const address = subjects.directSubject(service, incarnation);
    const parsed = parseHeartbeat(decoded.value, { service, incarnation, address });
    if (parsed.kind === "unreadable") return parsed;
    // Not by spreading: that took a tenth of the time of a heartbeat.
    return { kind: "heartbeat", beat: parsed.beat, faults: parseFaultStatuses(decoded.value) };
  }

  #afterBusStatus(): void {
    this.#disconnectedSince = undefined;
    this.#reportBusStatus();
  }

  /** The bus is there once heartbeats can be received as well; from then on it is as the connection for calls is. */
  #reportBusStatus(): void {
    const { bus, ears, tell } = this.#options;
    if (bus.status === "connected" && !this.#isConnectedReported && ears.status !== "connected") return;
    const wasReported = this.#isConnectedReported;
    this.#isConnectedReported = bus.status === "connected";
    if (this.#isConnectedReported || wasReported || bus.status === "closed") tell({ kind: "bus", status: bus.status });
  }

  #afterHeartbeatBusStatus(status: BusStatus): void {
    const { bus, clock } = this.#options;
    if (status === "connected") {
      this.#runBalancer(() => this.#tracker.resumeLeases(clock.now()));
      if (!this.#isConnectedReported && bus.status === "connected") this.#reportBusStatus();
      this.#reportInterruption();
      this.#startInitialRollCall();
    } else {
      this.#runBalancer(() => this.#tracker.freezeLeases(clock.now()));
      this.#rollCall?.over();
      if (bus.status === "connected") this.#disconnectedSince = clock.now();
    }
  }

  /** The core may be the user's own. */
  #runBalancer(act: () => void): void {
    this.#options.guard.run("core", act, undefined);
  }

  #reportInterruption(): void {
    const { clock, tell } = this.#options;
    if (this.#disconnectedSince !== undefined) tell({ kind: "deaf", deafMs: clock.now() - this.#disconnectedSince });
    this.#disconnectedSince = undefined;
  }

  /** Calls wait for its answers only while nobody is known: later there is always somebody to ask. */
  #startInitialRollCall(): void {
    const { clock } = this.#options;
    this.#rollCall?.over();
    const hasLiveInstance = this.#tracker.live(clock.now()).length > 0;
    if (!hasLiveInstance) this.#rollCall = startRollCall(clock, () => (this.#rollCall = undefined));
    this.sendRollCall();
  }
}
