// The faults of a script, made and mended at their times.

import { type Behaviour, type InstanceProcess, type Process, SERVICE } from "./actors.ts";
import { GIVEN_UP_AFTER_MS } from "./route.ts";
import { type Far, type Fault, faultLine, LAST_FAULT_MS } from "./script.ts";
import { PHASES } from "./timeline.ts";
import type { World } from "./world.ts";

/** A process that is killed is gone for its server as soon as its machine has closed the connection. */
const CLOSED_AFTER_MS = 1;
/** Long enough that calls are out to it, most of the time. */
const WITHERS_AFTER_MS = 700;
/** A second process of one number is started while the first is paused: that one cannot object. */
const TWIN_AFTER_MS = 50;
const MAX_SKEW_MS = 3_600_000;
/** Too short for the clock to call it a stall, and long enough for a timeout to come due before an answer is read. */
const HICCUP_MS = { least: 30, most: 220 };
const BETWEEN_HICCUPS_MS = { least: 60, most: 500 };

type Denying = Extract<Fault, { denied: number | undefined }>;

export class Faults {
  readonly #world: World;
  /** Ends each of the active faults. */
  readonly #mending = new Set<() => void>();

  constructor(world: World) {
    this.#world = world;
  }

  schedule(): void {
    const { script, timeline } = this.#world;
    for (const fault of script.faults) timeline.at(fault.atMs, PHASES.timer, () => this.#make(fault));
  }

  healAll(): void {
    this.#world.note(() => "all is well from here");
    for (const mend of [...this.#mending]) mend();
  }

  #make(fault: Fault): void {
    const mend = this.#begin(fault);
    if (mend === undefined) return;
    this.#world.note(() => `FAULT ${faultLine(fault).trim()}`);
    const mendOnce = (): void => {
      if (!this.#mending.delete(mendOnce)) return;
      this.#world.note(() => `MENDED ${faultLine(fault).trim()}`);
      mend();
    };
    this.#mending.add(mendOnce);
    const untilMs = Math.min(fault.atMs + fault.forMs, LAST_FAULT_MS);
    this.#world.timeline.at(untilMs, PHASES.timer, mendOnce);
  }

  /** @returns the function that ends it; undefined if it cannot happen now */
  #begin(fault: Fault): (() => void) | undefined {
    if (fault.kind === "partition") return this.#part(fault.far);
    if (fault.on === "bus") return this.#troubleBus(fault.kind);
    if (fault.on === "market") {
      const market = this.#world.markets[fault.place];
      if (market === undefined) return undefined;
      return "denied" in fault ? this.#deny(market, fault) : this.#troubleMarket(market, fault.kind);
    }
    const instance = this.#world.instances.findLast(
      ({ number, host, running, leftAt }) =>
        number === fault.place + 1 && !host.isDead && running !== undefined && leftAt === undefined,
    );
    return instance === undefined ? undefined : this.#troubleInstance(instance, fault.kind);
  }

  #troubleBus(kind: "restart" | "freeze"): (() => void) | undefined {
    const world = this.#world;
    const { server } = world;
    if (world.busTroubles > 0) return undefined;
    world.busTroubles += 1;
    world.changed();
    if (kind === "restart") server.goDown();
    else server.freeze();
    if (kind === "freeze") world.frozenAt = world.timeline.now;
    return () => {
      if (kind === "restart") server.comeUp();
      else server.thaw();
      if (kind === "freeze") world.thawedAt = world.timeline.now;
      world.busTroubles -= 1;
      world.busTroubledUntil = world.timeline.now;
      world.changed();
    };
  }

  /** Hosts connected to a node of the other side are cut off until they have moved to their own. */
  #part(far: Far): (() => void) | undefined {
    const world = this.#world;
    const { server, timeline } = world;
    if (server.isParted) return undefined;
    const parting = world.partition(far);
    parting.astray = server.part((host) => parting.sideOf(host));
    for (const process of [...world.instances, ...world.markets]) {
      if (!parting.astray.includes(process.host)) continue;
      world.begin(process);
      process.cutAt = timeline.now;
      this.#endOnceReached(process);
    }
    timeline.at(timeline.now + GIVEN_UP_AFTER_MS, PHASES.timer, () => world.changed());
    return () => {
      server.unite();
      world.heal(parting);
    };
  }

  #troubleMarket(market: Process, kind: string): (() => void) | undefined {
    if (kind === "skew") return this.#skew(market);
    if (kind === "stall") return this.#stall(market, () => undefined);
    if (kind === "hiccups") return this.#hiccups(market);
    return this.#connection(market, kind);
  }

  /** The server checks permissions at the login, so the Market has to log in again. */
  #deny(market: Process, { kind, denied }: Denying): (() => void) | undefined {
    const { server } = this.#world;
    if (server.permissions.has(market.host)) return undefined;
    this.#world.begin(market);
    const prefix = denied === undefined ? `${SERVICE}.get.` : `${SERVICE}.get.${denied + 1}-`;
    const loginAgain = (): void => {
      if (kind === "deafen") for (const connection of server.of(market.host)) connection.drop("to log in again");
    };
    server.permissions.set(market.host, {
      deniesSending: (subject) => kind === "deny" && subject.startsWith(prefix),
      deniesReplies: kind === "deafen",
    });
    loginAgain();
    return () => {
      server.permissions.delete(market.host);
      loginAgain();
      this.#endOnceReached(market);
    };
  }

  #troubleInstance(instance: InstanceProcess, kind: string): (() => void) | undefined {
    switch (kind) {
      case "kill":
        return this.#kill(instance);
      case "wither":
        return this.#wither(instance);
      case "leave":
        return this.#leave(instance);
      case "pause":
        return this.#stall(instance, () => instance.running?.resumed());
      case "twin":
        return this.#twin(instance);
      case "mute":
        return this.#mute(instance);
      case "skew":
        return this.#skew(instance);
      case "drop":
      case "cut":
        return this.#connection(instance, kind);
      default:
        return this.#manner(instance, kind as Behaviour);
    }
  }

  #kill(instance: InstanceProcess): () => void {
    const { server, timeline } = this.#world;
    this.#world.begin(instance);
    instance.host.die();
    timeline.at(timeline.now + CLOSED_AFTER_MS, PHASES.socket, () => {
      for (const connection of server.of(instance.host)) connection.drop("killed");
    });
    return () => void this.#world.startInstance(instance.number);
  }

  /** Slow, and dead before it has answered all that it has in its hands. */
  #wither(instance: InstanceProcess): (() => void) | undefined {
    const { timeline } = this.#world;
    if (instance.behaviour !== "healthy") return undefined;
    let restart = (): void => {
      instance.behaviour = "healthy";
      this.#world.changed();
    };
    instance.behaviour = "slow";
    this.#world.changed();
    timeline.at(timeline.now + WITHERS_AFTER_MS, PHASES.timer, () => {
      if (instance.behaviour === "slow" && instance.isServing) restart = this.#kill(instance);
    });
    return () => restart();
  }

  #leave(instance: InstanceProcess): (() => void) | undefined {
    if (instance.host.isStalled) return undefined;
    instance.leftCleanly = instance.troubles === 0 && instance.bus.status === "connected";
    this.#world.begin(instance);
    instance.leftAt = this.#world.timeline.now;
    void instance.running?.goodbye(1_000).then(() => {
      instance.host.die();
      for (const connection of this.#world.server.of(instance.host)) connection.drop("ended");
    });
    return () => void this.#world.startInstance(instance.number);
  }

  #stall(process: Process, resumed: () => void): (() => void) | undefined {
    if (process.host.isStalled) return undefined;
    this.#world.begin(process);
    process.host.stall();
    return () => {
      process.host.goOn();
      if (!process.host.isDead) resumed();
      this.#world.end(process);
    };
  }

  /** The loop runs in fits and starts. */
  #hiccups(process: Process): () => void {
    const { timeline } = this.#world;
    const { host } = process;
    this.#world.begin(process);
    let isIn = false;
    let isOver = false;
    const begin = (): void => {
      if (isOver) return;
      isIn = !host.isStalled;
      host.stall();
      timeline.at(timeline.now + this.#dicedMs(HICCUP_MS), PHASES.timer, end);
    };
    const end = (): void => {
      if (isIn) host.goOn();
      isIn = false;
      if (!isOver) timeline.at(timeline.now + this.#dicedMs(BETWEEN_HICCUPS_MS), PHASES.timer, begin);
    };
    begin();
    return () => {
      isOver = true;
      end();
      this.#world.end(process);
    };
  }

  #dicedMs({ least, most }: { readonly least: number; readonly most: number }): number {
    return least + (most - least) * this.#world.server.dice.random();
  }

  #twin(instance: InstanceProcess): (() => void) | undefined {
    const { timeline } = this.#world;
    const resume = this.#stall(instance, () => instance.running?.resumed());
    if (resume === undefined) return undefined;
    timeline.at(timeline.now + TWIN_AFTER_MS, PHASES.timer, () => void this.#world.startInstance(instance.number));
    return resume;
  }

  #mute(instance: InstanceProcess): () => void {
    this.#world.begin(instance);
    instance.bus.swallows = (subject) => subject.startsWith("health.");
    return () => {
      instance.bus.swallows = () => false;
      this.#world.end(instance);
    };
  }

  /** No trouble at all: a wrong clock must change nothing. */
  #skew(process: Process): () => void {
    process.host.skewMs = (2 * this.#world.server.dice.random() - 1) * MAX_SKEW_MS;
    return () => {
      process.host.skewMs = 0;
    };
  }

  #connection(process: Process, kind: string): (() => void) | undefined {
    const { server, timeline } = this.#world;
    if (server.isCut(process.host)) return undefined;
    this.#world.begin(process);
    if (kind === "cut") process.cutAt = timeline.now;
    if (kind === "cut") server.cut(process.host);
    else for (const connection of server.of(process.host)) connection.drop("dropped");
    return () => {
      if (kind === "cut") server.mend(process.host);
      this.#endOnceReached(process);
    };
  }

  /** Healthy again once it is connected: it dials the bus every quarter of a second. */
  #endOnceReached(process: Process): void {
    const { timeline } = this.#world;
    const wait = (): void => {
      if (process.bus.isReached || process.host.isDead) this.#world.end(process);
      else timeline.at(timeline.now + 20, PHASES.timer, wait);
    };
    wait();
  }

  #manner(instance: InstanceProcess, manner: Behaviour): (() => void) | undefined {
    if (instance.behaviour !== "healthy") return undefined;
    // Slow but in time, an error, even an invalid answer: it answers, so no Market may treat it as hung.
    const isTrouble = manner === "hang" || manner === "too slow" || manner === "barely";
    if (isTrouble) this.#world.begin(instance);
    instance.behaviour = manner;
    this.#world.changed();
    return () => {
      instance.behaviour = "healthy";
      this.#world.changed();
      if (isTrouble) this.#world.end(instance);
    };
  }
}
