// A simulated NATS server and the connections to it. What is sent on one connection arrives in order; between two
// connections nothing is in order. The server may be frozen, or gone; a host may be cut off from it, which nobody is
// told: packets wait, as TCP sends them again, until the cut is mended or somebody gives the connection up.

import type { WireHeaders, WireMessage } from "../../src/bus/nats-message.ts";
import type { Dice } from "../support/random.ts";
import type { Host } from "./host.ts";
import { PHASES, type Timeline } from "./timeline.ts";

/** A message takes this long to the server or from it. */
export const DELAY_MS = { least: 0.1, most: 8 } as const;
/** When a server gives up a client that it cannot reach. The real one takes four minutes: a day here has one. */
const STALE_MS = 9_000;

export interface Sub {
  readonly connection: Connection;
  readonly subject: string;
  readonly queue: string | undefined;
  readonly hear: (message: WireMessage) => void;
}

const NO_RESPONDERS: WireHeaders = { code: 503, keys: () => [], get: () => "" };
const EMPTY = new Uint8Array(0);

export class Server {
  readonly timeline: Timeline;
  readonly dice: Dice;
  isUp = true;
  #isFrozen = false;
  #inTray: (() => void)[] = [];
  readonly #connections = new Set<Connection>();
  /** By whole subject, and those that end in a wildcard by what stands before it. */
  readonly #subs = new Map<string, Set<Sub>>();
  readonly #cut = new Set<Host>();
  /** Connections of hosts that are cut off: their hosts will hear of it afterwards. */
  #givenUp: Connection[] = [];

  constructor(timeline: Timeline, dice: Dice) {
    this.timeline = timeline;
    this.dice = dice;
  }

  /** Whether a dial from `host` gets an answer now. */
  answers(host: Host): "yes" | "refused" | "silent" {
    if (this.#cut.has(host)) return "silent";
    if (!this.isUp) return "refused";
    return this.#isFrozen ? "silent" : "yes";
  }

  accept(host: Host, lost: (why: string) => void): Connection {
    const connection = new Connection(this, host, lost);
    this.#connections.add(connection);
    return connection;
  }

  isCut(host: Host): boolean {
    return this.#cut.has(host);
  }

  // Faults.

  goDown(): void {
    this.isUp = false;
    this.#inTray = [];
    for (const connection of [...this.#connections]) connection.drop("the server went away");
  }

  comeUp(): void {
    this.isUp = true;
  }

  freeze(): void {
    this.#isFrozen = true;
  }

  thaw(): void {
    this.#isFrozen = false;
    for (const act of this.#inTray.splice(0)) act();
  }

  cut(host: Host): void {
    this.#cut.add(host);
    const cutOff = this.of(host);
    this.timeline.at(this.timeline.now + STALE_MS, PHASES.socket, () => {
      if (!this.isCut(host)) return;
      for (const connection of cutOff) this.forget(connection);
      this.#givenUp.push(...cutOff);
    });
  }

  mend(host: Host): void {
    this.#cut.delete(host);
    for (const connection of this.of(host)) connection.release();
    for (const connection of this.#givenUp) if (connection.host === host) connection.drop("given up by the server");
    this.#givenUp = this.#givenUp.filter((connection) => connection.host !== host);
  }

  of(host: Host): readonly Connection[] {
    return [...this.#connections].filter((connection) => connection.host === host);
  }

  // What arrives.

  take(act: () => void): void {
    if (this.#isFrozen) this.#inTray.push(act);
    else if (this.isUp) act();
  }

  forget(connection: Connection): void {
    connection.isKnown = false;
    this.#connections.delete(connection);
    for (const subs of this.#subs.values()) for (const sub of subs) if (sub.connection === connection) subs.delete(sub);
  }

  add(sub: Sub): void {
    const key = keyOf(sub.subject);
    const subs = this.#subs.get(key) ?? new Set();
    this.#subs.set(key, subs);
    subs.add(sub);
  }

  remove(sub: Sub): void {
    const subs = this.#subs.get(keyOf(sub.subject));
    subs?.delete(sub);
    if (subs?.size === 0) this.#subs.delete(keyOf(sub.subject));
  }

  route(message: WireMessage): void {
    const exact = this.#subs.get(message.subject);
    const wild = this.#subs.get(message.subject.slice(0, message.subject.lastIndexOf(".") + 1));
    const found = (exact?.size ?? 0) + (wild?.size ?? 0);
    if (found > 0) this.#deliver(message, [...(exact ?? []), ...(wild ?? [])]);
    else if (message.reply !== undefined) this.route({ subject: message.reply, data: EMPTY, headers: NO_RESPONDERS });
  }

  #deliver(message: WireMessage, subs: readonly Sub[]): void {
    const groups = new Map<string, Sub[]>();
    for (const sub of subs) {
      if (sub.queue === undefined) sub.connection.send(message, sub);
      else groups.set(sub.queue, [...(groups.get(sub.queue) ?? []), sub]);
    }
    for (const group of groups.values()) {
      const picked = this.dice.pick(group);
      picked.connection.send(message, picked);
    }
  }
}

/** A wildcard stands only at the end of a subject here: for it, what is before. */
const keyOf = (subject: string): string => (subject.endsWith("*") ? subject.slice(0, -1) : subject);

/** Told when a message reaches a process' socket, whether or not that process runs. */
export type Arrival = (message: WireMessage) => void;

export class Connection {
  readonly host: Host;
  /** Extra delay of each packet. */
  arrival: Arrival = () => undefined;
  /** The server counts it as there. */
  isKnown = true;
  /** The process has not given it up. */
  isOpen = true;
  readonly #server: Server;
  readonly #lost: (why: string) => void;
  #upFreeAt = 0;
  #downFreeAt = 0;
  #held: (() => void)[] = [];

  constructor(server: Server, host: Host, lost: (why: string) => void) {
    this.#server = server;
    this.host = host;
    this.#lost = lost;
  }

  /** To the server, after all that was sent before. */
  up(act: () => void): void {
    const { timeline } = this.#server;
    this.#upFreeAt = Math.max(this.#upFreeAt, timeline.now + this.#delayMs());
    timeline.at(this.#upFreeAt, PHASES.server, () =>
      this.#unlessCut(() => {
        if (this.isKnown) this.#server.take(() => this.isKnown && act());
      }),
    );
  }

  /** From the server, after all that it sent before. */
  down(act: () => void): void {
    const { timeline } = this.#server;
    this.#downFreeAt = Math.max(this.#downFreeAt, timeline.now + this.#delayMs());
    timeline.at(this.#downFreeAt, PHASES.socket, () => this.#unlessCut(act));
  }

  send(message: WireMessage, sub: Sub): void {
    this.down(() => {
      if (!this.isOpen) return;
      this.arrival(message);
      this.host.read(() => {
        if (this.isOpen) sub.hear(message);
      });
    });
  }

  /** The process ends it; the server learns of it as of anything else that is sent. */
  close(): void {
    if (!this.isOpen) return;
    this.up(() => this.#server.forget(this));
    this.isOpen = false;
  }

  /** Broken for both sides. */
  drop(why: string): void {
    this.#server.forget(this);
    this.#held = [];
    if (!this.isOpen) return;
    this.isOpen = false;
    this.host.read(() => this.#lost(why));
  }

  /** The cut is mended: what was sent meanwhile goes through. */
  release(): void {
    for (const act of this.#held.splice(0)) act();
  }

  #unlessCut(act: () => void): void {
    if (this.#server.isCut(this.host)) this.#held.push(act);
    else act();
  }

  #delayMs(): number {
    const { least, most } = DELAY_MS;
    return least + (most - least) * this.#server.dice.random();
  }
}
