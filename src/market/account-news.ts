// Keeps up with the org's account token: who was revoked, and whose signatures count. The server is asked at each
// connection, and sends what changes. A Market that starts the next server starts it with the newest. A server that uses an
// older one is not left at that (account-steps.ts).

import { accountNewsSubject, accountTokenSubject, sharedAccountTokenSubject } from "../bus/core/subjects.ts";
import type { NatsBus } from "../bus/nats-bus.ts";
import type { Cancel, Clock } from "../clock.ts";
import { decideSteps, type Look, SETTLED, type Standing, type Step } from "./core/account-steps.ts";

/** What became of a token. */
export interface Learned {
  readonly kind: "newer" | "same" | "older" | "forged" | "unsaved";
  /** Why it could not be kept. */
  readonly why?: string;
}

export interface AccountNewsOptions {
  readonly bus: Pick<NatsBus, "status" | "requiresAuth" | "watch" | "subscribe" | "request" | "publish">;
  /** For what other members send: no answer to a call waits behind it. */
  readonly heartbeatBus: Pick<NatsBus, "subscribe">;
  readonly clock: Clock;
  readonly learn: (token: string) => Promise<Learned>;
  /** The newest account token that this Market has. */
  readonly known: () => Promise<string | undefined>;
  /** Sends the server the newest token, unless it has it; true: it has it. Undefined: only the owner's folder can. */
  readonly correct: (() => Promise<boolean>) | undefined;
  readonly server: {
    /** The name of the server, if this Market started it. */
    readonly ownServer: string | undefined;
    /** Ends it, if another may be started. */
    endServer(): Promise<void>;
  };
  readonly report: (sentence: string) => void;
}

/** The server answers by itself, in a millisecond. */
const LOOKUP_TIMEOUT_MS = 1_000;
/** A signature takes 10 ms to check: a flood of forged tokens costs a tenth of one core. */
const SHARED_EVERY_MS = 100;

/** @returns ends it */
export function followAccount(options: AccountNewsOptions): Cancel {
  const follower = new Follower(options);
  return () => follower.stop();
}

class Follower {
  readonly #options: AccountNewsOptions;
  readonly #stops: Cancel[] = [];
  #standing: Standing = SETTLED;
  /** Grows with each look, so that one that a later look has overtaken does nothing more. */
  #looks = 0;
  #stopWaiting: Cancel = () => undefined;
  #mayReadAtMs = 0;
  #lastShared: string | undefined;
  /** Of this connection: the token that the server has by its own word. */
  #confirmed: string | undefined;
  /** The token that our own server was started with, or was sent since. */
  #ownServer: { readonly name: string; readonly token: string } | undefined;
  /** The tokens for which a server was ended: where the next one is older again, ending helps nothing. */
  readonly #endedFor = new Set<string>();

  constructor(options: AccountNewsOptions) {
    const { bus, heartbeatBus } = options;
    this.#options = options;
    // On a bus with logins only dwc can send any; elsewhere a flood of forged ones would cost time.
    const news = bus.subscribe(accountNewsSubject, ({ body }) => {
      if (bus.requiresAuth === true) void this.#takeNews(body);
    });
    const shared = heartbeatBus.subscribe(sharedAccountTokenSubject, ({ body }) => void this.#takeShared(body));
    const connected = (): void => {
      this.#standing = SETTLED;
      this.#confirmed = undefined;
      void this.#look();
    };
    this.#stops.push(
      () => news.close(),
      () => shared.close(),
    );
    this.#stops.push(bus.watch((status) => (status === "connected" ? connected() : undefined)));
    if (bus.status === "connected") connected();
  }

  stop(): void {
    this.#looks += 1;
    this.#stopWaiting();
    for (const stop of this.#stops) stop();
  }

  async #take(token: Uint8Array): Promise<Learned["kind"]> {
    const { kind, why } = await this.#options.learn(Buffer.from(token).toString("utf8"));
    if (kind === "unsaved")
      this.#options.report(`a change of the org could not be kept in DWC_STATE: ${why ?? "for no known reason"}`);
    return kind;
  }

  /** From the owner's folder, which sends the server the same at once. */
  async #takeNews(token: Uint8Array): Promise<void> {
    const kind = await this.#take(token);
    if (kind !== "forged" && kind !== "older") this.#serverHas(Buffer.from(token).toString("utf8"));
  }

  #serverHas(token: string): void {
    if (this.#ownServer !== undefined) this.#ownServer = { ...this.#ownServer, token };
  }

  /** A token that another Market has sent. The operator's signature decides, not the sender. */
  async #takeShared(token: Uint8Array): Promise<void> {
    const { bus, clock } = this.#options;
    if (bus.requiresAuth !== true || clock.now() < this.#mayReadAtMs) return;
    this.#mayReadAtMs = clock.now() + SHARED_EVERY_MS;
    this.#lastShared = Buffer.from(token).toString("utf8");
    const kind = await this.#take(token);
    if (kind === "newer" || kind === "unsaved") await this.#look();
  }

  async #look(): Promise<void> {
    const { bus, clock, correct, server } = this.#options;
    this.#looks += 1;
    const look = this.#looks;
    this.#stopWaiting();
    const found = await this.#compare();
    if (look !== this.#looks || found === undefined) return;
    const means = { isOwner: correct !== undefined, runsServer: server.ownServer !== undefined };
    const { standing, steps, lookAgainMs } = decideSteps(this.#standing, found, means);
    this.#standing = standing;
    for (const step of steps) {
      if (bus.status !== "connected") break;
      if (step !== "correct") await this.#do(step);
      else if (await this.#correct()) {
        // The folder may change again before the next look. Counted from here, that change is one to correct, too.
        this.#standing = SETTLED;
        break;
      }
    }
    if (look === this.#looks) this.#stopWaiting = clock.after(lookAgainMs, () => void this.#look());
  }

  /** Undefined: there is no server with logins; the next connection is looked at. */
  async #compare(): Promise<Look | undefined> {
    const { bus, known } = this.#options;
    if (bus.status !== "connected" || bus.requiresAuth !== true) return undefined;
    const before = await known();
    this.#meetOwnServer(before);
    const reply = await bus.request(accountTokenSubject, "", { timeoutMs: LOOKUP_TIMEOUT_MS });
    const kind = reply.kind === "answered" ? await this.#take(reply.body) : reply.kind;
    const token = await known();
    if (token === undefined) return "agrees";
    // Nothing but an update of the server itself has written what this Market did not know.
    if (kind !== "older" && token !== before && token !== this.#lastShared) this.#serverHas(token);
    // No responder where the org's token is of an earlier dwc, which had it import nothing.
    if (kind === "older" || kind === "no-responders" || !this.#isOurOwn(token)) return "older";
    if (this.#options.correct !== undefined) return this.#confirmed === token ? "agrees" : "older";
    return reply.kind === "answered" ? "agrees" : "silent";
  }

  /** A server that runs on this folder answers with the token that lies there, which need not be the one that it obeys. */
  #isOurOwn(token: string): boolean {
    const { ownServer: name } = this.#options.server;
    return name === undefined || this.#ownServer?.name !== name || this.#ownServer.token === token;
  }

  /** At the first look at it, before any answer: it was started with what this Market knew. */
  #meetOwnServer(token: string | undefined): void {
    const { ownServer: name } = this.#options.server;
    if (name !== undefined && token !== undefined && this.#ownServer?.name !== name) this.#ownServer = { name, token };
  }

  /** @returns whether the server has the newest token now: the steps after this one have no cause any more */
  async #correct(): Promise<boolean> {
    const { known, correct } = this.#options;
    const token = await known();
    if (token === undefined || (await correct?.()) !== true) return false;
    this.#confirmed = token;
    this.#serverHas(token);
    return true;
  }

  async #do(step: Exclude<Step, "correct">): Promise<void> {
    const { bus, known, server, report } = this.#options;
    const token = await known();
    if (token === undefined) return;
    if (step === "share") return bus.publish(sharedAccountTokenSubject, token);
    if (this.#endedFor.has(token)) return;
    this.#endedFor.add(token);
    report("the nats-server that this Market started does not know the org's last change: it is started anew with it");
    await server.endServer();
  }
}
