// Follows the org's account token, which holds revocations and signing keys. The Market requests it from the server at
// each connection, and the server publishes changes. A Market that starts the next server starts it with the newest
// token. The steps against a server with an older token are in account-steps.ts.

import type { Cancel, Clock } from "../../clock.ts";
import { accountNewsSubject, accountTokenSubject, sharedAccountTokenSubject } from "../../contracts/core/subjects.ts";
import type { NatsBus } from "../../service/index.ts";
import { type CheckHistory, type Comparison, decideSteps, NO_CHECKS, type Step } from "./core/account-steps.ts";

/** The result of comparing and saving a token. */
export interface LearnResult {
  readonly kind: "newer" | "same" | "older" | "forged" | "unsaved";
  /** Why it could not be saved. */
  readonly why?: string;
}

export interface AccountNewsOptions {
  readonly bus: Pick<NatsBus, "status" | "requiresAuth" | "watch" | "subscribe" | "request" | "publish">;
  /** The connection for tokens from other members: no reply to a call waits behind them. */
  readonly heartbeatBus: Pick<NatsBus, "subscribe">;
  readonly clock: Clock;
  readonly learn: (token: string) => Promise<LearnResult>;
  /** The newest account token that this Market has. */
  readonly known: () => Promise<string | undefined>;
  /** Sends the server the newest token, unless it has it; true: it has it. Undefined: only the owner's folder can. */
  readonly correct: (() => Promise<boolean>) | undefined;
  readonly server: {
    /** The name of the server, if this Market started it. */
    readonly ownServer: string | undefined;
    /** Ends that server, if this Market may start another. */
    endServer(): Promise<void>;
  };
  readonly report: (sentence: string) => void;
}

/** The server itself responds, within a millisecond. */
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
  #history: CheckHistory = NO_CHECKS;
  /** Number of checks begun. A check that is no longer the latest stops. */
  #checks = 0;
  #stopWaiting: Cancel = () => undefined;
  #mayReadAtMs = 0;
  #lastShared: string | undefined;
  /** The token that the server has confirmed on this connection. */
  #confirmed: string | undefined;
  /** The server that this Market started, with the token it started with or received since. */
  #ownServer: { readonly name: string; readonly token: string } | undefined;
  /** Tokens for which a server was ended already: if the next server is older again, ending it does not help. */
  readonly #endedFor = new Set<string>();

  constructor(options: AccountNewsOptions) {
    const { bus, heartbeatBus } = options;
    this.#options = options;
    // On a bus with logins only dwc can publish here; on an open one a flood of forged tokens would cost CPU time.
    const news = bus.subscribe(accountNewsSubject, ({ body }) => {
      if (bus.requiresAuth === true) void this.#takeNews(body);
    });
    const shared = heartbeatBus.subscribe(sharedAccountTokenSubject, ({ body }) => void this.#takeShared(body));
    const connected = (): void => {
      this.#history = NO_CHECKS;
      this.#confirmed = undefined;
      void this.#check();
    };
    this.#stops.push(
      () => news.close(),
      () => shared.close(),
    );
    this.#stops.push(bus.watch((status) => (status === "connected" ? connected() : undefined)));
    if (bus.status === "connected") connected();
  }

  stop(): void {
    this.#checks += 1;
    this.#stopWaiting();
    for (const stop of this.#stops) stop();
  }

  async #take(token: Uint8Array): Promise<LearnResult["kind"]> {
    const { kind, why } = await this.#options.learn(Buffer.from(token).toString("utf8"));
    if (kind === "unsaved")
      this.#options.report(`a change of the org could not be saved in DWC_STATE: ${why ?? "for no known reason"}`);
    return kind;
  }

  /** A token from the owner's folder, which sends the same to the server. */
  async #takeNews(token: Uint8Array): Promise<void> {
    const kind = await this.#take(token);
    if (kind !== "forged" && kind !== "older") this.#serverHas(Buffer.from(token).toString("utf8"));
  }

  #serverHas(token: string): void {
    if (this.#ownServer !== undefined) this.#ownServer = { ...this.#ownServer, token };
  }

  /** A token from another Market. The operator's signature decides, not the sender. */
  async #takeShared(token: Uint8Array): Promise<void> {
    const { bus, clock } = this.#options;
    if (bus.requiresAuth !== true || clock.now() < this.#mayReadAtMs) return;
    this.#mayReadAtMs = clock.now() + SHARED_EVERY_MS;
    this.#lastShared = Buffer.from(token).toString("utf8");
    const kind = await this.#take(token);
    if (kind === "newer" || kind === "unsaved") await this.#check();
  }

  async #check(): Promise<void> {
    const { bus, clock, correct, server } = this.#options;
    this.#checks += 1;
    const check = this.#checks;
    this.#stopWaiting();
    const found = await this.#compare();
    if (check !== this.#checks || found === undefined) return;
    const means = { isOwner: correct !== undefined, runsServer: server.ownServer !== undefined };
    const { history, steps, nextCheckMs } = decideSteps(this.#history, found, means);
    this.#history = history;
    for (const step of steps) {
      if (bus.status !== "connected") break;
      if (step !== "correct") await this.#do(step);
      else if (await this.#correct()) {
        // The folder may change again before the next check. Starting the count again makes that change one to correct.
        this.#history = NO_CHECKS;
        break;
      }
    }
    if (check === this.#checks) this.#stopWaiting = clock.after(nextCheckMs, () => void this.#check());
  }

  /** Undefined: no server with logins; the next connection starts a check again. */
  async #compare(): Promise<Comparison | undefined> {
    const { bus, known } = this.#options;
    if (bus.status !== "connected" || bus.requiresAuth !== true) return undefined;
    const before = await known();
    this.#recordOwnServer(before);
    const reply = await bus.request(accountTokenSubject, "", { timeoutMs: LOOKUP_TIMEOUT_MS });
    const kind = reply.kind === "answered" ? await this.#take(reply.body) : reply.kind;
    const token = await known();
    if (token === undefined) return "agrees";
    // This Market did not know the token and no Market shared it, so the server itself wrote it on an update.
    if (kind !== "older" && token !== before && token !== this.#lastShared) this.#serverHas(token);
    // No responder: the server's token is of an earlier dwc, which did not import the subject of this request.
    if (kind === "older" || kind === "no-responders" || !this.#isOurOwn(token)) return "older";
    if (this.#options.correct !== undefined) return this.#confirmed === token ? "agrees" : "older";
    return reply.kind === "answered" ? "agrees" : "silent";
  }

  /** A server on this Market's folder responds with the token in the folder, which may differ from the one in force. */
  #isOurOwn(token: string): boolean {
    const { ownServer: name } = this.#options.server;
    return name === undefined || this.#ownServer?.name !== name || this.#ownServer.token === token;
  }

  /** Called before the first response of a server: it was started with the token that this Market had. */
  #recordOwnServer(token: string | undefined): void {
    const { ownServer: name } = this.#options.server;
    if (name !== undefined && token !== undefined && this.#ownServer?.name !== name) this.#ownServer = { name, token };
  }

  /** @returns true: the server has the newest token now, so the remaining steps are not needed */
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
    report(
      "the nats-server that this Market started does not have the org's last change: restarting it with the change",
    );
    await server.endServer();
  }
}
