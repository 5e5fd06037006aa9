// Keeps up with the org's account token: who was revoked, and whose signatures count. The server is asked at each
// connection, and sends what changes. A Market that starts the next server starts it with the newest.

import type { NatsBus } from "../bus/nats-bus.ts";
import { accountNewsSubject, accountTokenSubject } from "../bus/subjects.ts";
import type { Cancel, Clock } from "../clock.ts";

/** What became of a token. */
export interface Learned {
  readonly kind: "newer" | "same" | "older" | "forged" | "unsaved";
  /** Why it could not be kept. */
  readonly why?: string;
}

export interface AccountNewsOptions {
  readonly bus: Pick<NatsBus, "status" | "secured" | "watch" | "subscribe" | "request">;
  readonly clock: Clock;
  readonly learn: (token: string) => Promise<Learned>;
  readonly correct: (() => Promise<void>) | undefined;
  readonly report: (sentence: string) => void;
}

/** The server answers by itself, in a millisecond. */
const LOOKUP_TIMEOUT_MS = 1_000;
/** In case that news were lost on the way; those who send it send it once. */
const LOOKUP_INTERVAL_MS = 15_000;

export function followAccount({ bus, clock, learn, correct, report }: AccountNewsOptions): Cancel {
  const take = async (token: Uint8Array): Promise<Learned["kind"]> => {
    const { kind, why } = await learn(Buffer.from(token).toString("utf8"));
    if (kind === "unsaved")
      report(`a change of the org could not be kept in DWC_STATE: ${why ?? "for no known reason"}`);
    return kind;
  };
  const lookUp = async (): Promise<void> => {
    if (bus.status !== "connected" || bus.secured !== true) return;
    const reply = await bus.request(accountTokenSubject, "", { timeoutMs: LOOKUP_TIMEOUT_MS });
    // Nobody answers where the org's token is of an earlier dwc, which had it import nothing.
    const isOlder = reply.kind === "answered" ? (await take(reply.body)) === "older" : reply.kind === "nobody";
    if (isOlder) await correct?.();
  };
  const news = bus.subscribe(accountNewsSubject, ({ body }) => {
    // On a bus with logins only dwc can send any; elsewhere a flood of forged ones would cost time.
    if (bus.secured === true) void take(body);
  });
  const stopWatching = bus.watch((status) => (status === "connected" ? void lookUp() : undefined));
  const stopAsking = clock.every(LOOKUP_INTERVAL_MS, () => void lookUp());
  return () => {
    news.close();
    stopWatching();
    stopAsking();
  };
}
