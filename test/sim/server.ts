// A simulated NATS server of one or two nodes, and the connections to it. Messages on one connection arrive in order;
// between two connections there is no order. The server may freeze or go away. A host may be cut off from it, or both
// halves of the network from each other. No client is notified of a cut: packets wait, as TCP retransmits them, until
// the cut is mended or an end drops the connection.

import type { WireMessage } from "../../src/bus/nats-message.ts";
import { NO_RESPONDERS_BLOCK, wireMessage } from "../../src/testing/wire-message.ts";
import type { SeededRandom } from "../support/seeded-random.ts";
import type { Host } from "./host.ts";
import { type Node, Route } from "./route.ts";
import { PHASES, type Timeline } from "./timeline.ts";

/** A message takes this long to the server or from it. */
export const DELAY_MS = { least: 0.1, most: 8 } as const;
/** The server drops an unreachable client after this time. The real one takes four minutes: a day here has one. */
const STALE_MS = 9_000;

/** Permissions of one host. */
export interface Permissions {
  readonly deniesSending: (subject: string) => boolean;
  readonly deniesReplies: boolean;
}

export interface Sub {
  readonly connection: Connection;
  readonly subject: string;
  readonly queue: string | undefined;
  readonly receive: (message: WireMessage) => void;
}

export class Server {
  readonly timeline: Timeline;
  readonly dice: SeededRandom;
  /** Of hosts that may not do everything. */
  readonly permissions = new Map<Host, Permissions>();
  readonly #nodes: 1 | 2;
  readonly #route: Route;
  /** Sees each message that a client has sent, before it is delivered. */
  saw: (message: WireMessage) => void = () => undefined;
  isUp = true;
  #isFrozen = false;
  #inTray: (() => void)[] = [];
  readonly #connections = new Set<Connection>();
  /** By subject, as it was subscribed to. */
  readonly #subs = new Map<string, Set<Sub>>();
  /** Where the wildcards stand in the patterns that are subscribed to: few shapes, so each message is tried with each. */
  readonly #shapes = new Map<string, Shape>();
  readonly #cut = new Set<Host>();
  /** In a partition: the side of each host. It reaches that node alone. */
  #sideOf: ((host: Host) => Node) | undefined;
  /** Connections of hosts that are cut off: their hosts notice it afterwards. */
  #givenUp: Connection[] = [];

  constructor(timeline: Timeline, dice: SeededRandom, nodes: 1 | 2) {
    this.timeline = timeline;
    this.dice = dice;
    this.#nodes = nodes;
    this.#route = new Route(timeline, dice.random);
  }

  /** True when a dial from `host` gets an answer now. */
  answers(host: Host): "yes" | "refused" | "silent" {
    if (this.#cut.has(host)) return "silent";
    if (!this.isUp) return "refused";
    return this.#isFrozen ? "silent" : "yes";
  }

  accept(host: Host, lost: (why: string) => void): Connection {
    const node = this.#sideOf?.(host) ?? (this.#nodes === 2 && this.dice.chance(0.5) ? 1 : 0);
    const connection = new Connection(this, host, node, lost);
    this.#connections.add(connection);
    return connection;
  }

  isCut(host: Host): boolean {
    return this.#cut.has(host);
  }

  get isParted(): boolean {
    return this.#sideOf !== undefined;
  }

  /** Nothing comes through between that host and the node that it is connected to. */
  isCutOff({ host, node }: Connection): boolean {
    return this.#cut.has(host) || (this.#sideOf !== undefined && this.#sideOf(host) !== node);
  }

  // Faults.

  goDown(): void {
    this.isUp = false;
    this.#inTray = [];
    this.#route.lose();
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
    this.#giveUpLater();
  }

  mend(host: Host): void {
    this.#cut.delete(host);
    this.#release();
  }

  /** @returns the hosts whose node is on the other side */
  part(sideOf: (host: Host) => Node): readonly Host[] {
    this.#sideOf = sideOf;
    this.#route.sever();
    this.#giveUpLater();
    const connections = [...this.#connections];
    return connections.filter(({ host, node }) => sideOf(host) !== node).map(({ host }) => host);
  }

  /** The nodes connect to each other first: else the last effect of a partition would be calls without responders. */
  unite(): void {
    this.#sideOf = undefined;
    this.#route.mend();
    this.#release();
  }

  /** Connections cut off now are dropped, unless they are mended before. */
  #giveUpLater(): void {
    const cutOff = [...this.#connections].filter((connection) => this.isCutOff(connection));
    this.timeline.at(this.timeline.now + STALE_MS, PHASES.socket, () => {
      const lost = cutOff.filter((connection) => connection.isKnown && this.isCutOff(connection));
      for (const connection of lost) this.forget(connection);
      this.#givenUp.push(...lost);
    });
  }

  /** Waiting messages go through. Clients that were dropped are notified. */
  #release(): void {
    for (const connection of [...this.#connections]) if (!this.isCutOff(connection)) connection.release();
    const notified = this.#givenUp.filter((connection) => !this.isCutOff(connection));
    this.#givenUp = this.#givenUp.filter((connection) => this.isCutOff(connection));
    for (const connection of notified) connection.drop("given up by the server");
  }

  of(host: Host): readonly Connection[] {
    return [...this.#connections].filter((connection) => connection.host === host);
  }

  // Arrivals.

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
    const subs = this.#subs.get(sub.subject) ?? new Set();
    this.#subs.set(sub.subject, subs);
    subs.add(sub);
    const shape = shapeOf(sub.subject);
    if (shape.wild.length > 0) this.#shapes.set(JSON.stringify(shape), shape);
  }

  remove(sub: Sub): void {
    const subs = this.#subs.get(sub.subject);
    subs?.delete(sub);
    if (subs?.size === 0) this.#subs.delete(sub.subject);
  }

  /** @param from the node that it was sent to */
  route(message: WireMessage, from: Node): void {
    this.saw(message);
    this.#pass(message, from);
  }

  #pass(message: WireMessage, from: Node): void {
    const patterns = [...this.#shapes.values()].flatMap((shape) => patternOf(message.subject, shape) ?? []);
    const subs = [message.subject, ...patterns].flatMap((key) => [...(this.#subs.get(key) ?? [])]);
    const known = this.#route.isKnown ? subs : subs.filter(({ connection }) => connection.node === from);
    if (known.length > 0) this.#deliver(message, known, from);
    else if (message.reply !== undefined)
      this.#pass(wireMessage(message.reply, "", { block: NO_RESPONDERS_BLOCK }), from);
  }

  #deliver(message: WireMessage, subs: readonly Sub[], from: Node): void {
    const groups = new Map<string, Sub[]>();
    for (const sub of subs) {
      if (sub.queue === undefined) this.#send(message, sub, from);
      else groups.set(sub.queue, [...(groups.get(sub.queue) ?? []), sub]);
    }
    for (const group of groups.values()) this.#send(message, this.dice.pick(group), from);
  }

  #send(message: WireMessage, sub: Sub, from: Node): void {
    const { connection } = sub;
    if (connection.node === from) connection.send(message, sub);
    else this.#route.carry(from, () => this.take(() => connection.isKnown && connection.send(message, sub)));
  }
}

/** How many parts a pattern has, and at which places the `*` stand. `>` is not used here. */
interface Shape {
  readonly parts: number;
  readonly wild: readonly number[];
}

function shapeOf(pattern: string): Shape {
  const parts = pattern.split(".");
  return { parts: parts.length, wild: parts.flatMap((part, place) => (part === "*" ? [place] : [])) };
}

/** The pattern of that shape that a subject fits. */
function patternOf(subject: string, { parts, wild }: Shape): string | undefined {
  const words = subject.split(".");
  if (words.length !== parts) return undefined;
  return words.map((word, place) => (wild.includes(place) ? "*" : word)).join(".");
}

/** Called when a message reaches a process' socket, also when the process is stalled. */
export type Arrival = (message: WireMessage) => void;

export class Connection {
  readonly host: Host;
  /** Of the server: the one that it dialled. */
  readonly node: Node;
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

  constructor(server: Server, host: Host, node: Node, lost: (why: string) => void) {
    this.#server = server;
    this.host = host;
    this.node = node;
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
        if (this.isOpen) sub.receive(message);
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

  /** The cut is mended: waiting messages go through. */
  release(): void {
    for (const act of this.#held.splice(0)) act();
  }

  #unlessCut(act: () => void): void {
    if (this.#server.isCutOff(this)) this.#held.push(act);
    else act();
  }

  #delayMs(): number {
    const { least, most } = DELAY_MS;
    return least + (most - least) * this.#server.dice.random();
  }
}
