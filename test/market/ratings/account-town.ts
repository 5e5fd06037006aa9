// Markets that follow the account token of one server, on a bus in memory. Tokens are numbers, and the higher one is newer.

import * as assert from "uvu/assert";
import { accountTokenSubject, sharedAccountTokenSubject } from "../../../src/contracts/core/subjects.ts";
import { followAccount, type LearnResult } from "../../../src/market/ratings/account-news.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";
import { MemoryNetwork } from "../../../src/testing/memory-network.ts";

export interface Member {
  /** The newest that it knows; undefined: none. */
  token: number | undefined;
  /** Tokens that it was given to learn. */
  learned: number;
  ended: number;
  readonly reports: string[];
  /** Its folder takes nothing from now on, for this reason. */
  unsaved: LearnResult["why"] | "no reason" | undefined;
  stop(): void;
}

export interface MemberOptions {
  /** The owner's folder is this Market's. */
  readonly owns?: boolean;
  /** This Market started the server. */
  readonly started?: boolean;
  /** The server has logins. */
  readonly hasLogins?: boolean;
}

export class AccountTown {
  readonly clock = new FakeClock();
  readonly network = new MemoryNetwork(this.clock);
  readonly shared: string[] = [];
  /** The server's; undefined: it does not answer. */
  token: number | undefined = 1;
  /** The server answers with what lies in this one's folder, as it runs there. */
  folder: Member | undefined;
  /** Requests for the server's token. */
  lookups = 0;
  corrections = 0;
  /** Whether a correction arrives at the server. */
  isCorrectable = true;
  /** Happens while a correction is under way. */
  onCorrection: () => Promise<void> | void = () => undefined;
  readonly #stops: (() => void)[] = [];

  readonly server = this.network.bus();

  constructor() {
    this.server.subscribe(accountTokenSubject, (message) => {
      this.lookups += 1;
      if (this.token !== undefined) message.answer(String(this.folder?.token ?? this.token));
    });
    this.network
      .bus()
      .subscribe(sharedAccountTokenSubject, ({ body }) => this.shared.push(Buffer.from(body).toString()));
  }

  join(token: number | undefined, options: MemberOptions = {}): Member {
    const { owns = false, started = false, hasLogins = true } = options;
    const member: Member = { token, learned: 0, ended: 0, reports: [], unsaved: undefined, stop: () => undefined };
    const correct = async (): Promise<boolean> => {
      this.corrections += 1;
      await this.onCorrection();
      if (this.isCorrectable) this.token = member.token;
      return this.isCorrectable;
    };
    const endServer = (): Promise<void> => {
      member.ended += 1;
      return Promise.resolve();
    };
    member.stop = followAccount({
      bus: Object.assign(this.network.bus(), { requiresAuth: hasLogins }),
      ...{ heartbeatBus: this.network.bus(), clock: this.clock },
      learn: (text) => Promise.resolve(learn(member, text)),
      known: () => Promise.resolve(member.token === undefined ? undefined : String(member.token)),
      correct: owns ? correct : undefined,
      server: { ownServer: started ? "embedded" : undefined, endServer },
      report: (sentence) => member.reports.push(sentence),
    });
    this.#stops.push(member.stop);
    return member;
  }

  close(): void {
    for (const stop of this.#stops) stop();
    assert.is(this.clock.timers, 0, "no timer is left");
  }
}

function learn(member: Member, text: string): LearnResult {
  member.learned += 1;
  const [received, had = 0] = [Number(text), member.token];
  if (Number.isNaN(received)) return { kind: "forged" };
  if (received <= had) return { kind: received < had ? "older" : "same" };
  if (member.unsaved === "no reason") return { kind: "unsaved" };
  if (member.unsaved !== undefined) return { kind: "unsaved", why: member.unsaved };
  member.token = received;
  return { kind: "newer" };
}

/** A town for the time of one test. */
export async function withTown(act: (town: AccountTown) => Promise<void>): Promise<void> {
  const town = new AccountTown();
  await act(town);
  town.close();
}
