// Whether the bus lets us in: asked once, at the start of a program. A bus that is away is waited for, for ever; one
// that refuses us is not, as only a person can change that.

import type { Cancel, Clock } from "../clock.ts";
import type { ConnectResult } from "./connect-failure.ts";
import { isAbsence } from "./core/redial.ts";
import type { NatsBus } from "./nats-bus-types.ts";

export type Admission =
  | { readonly kind: "admitted" }
  /** `why` says what to type. */
  | { readonly kind: "refused"; readonly why: string };

/** An attempt that a later one repeats, until a person changes something. */
const CONCLUSIVE: ReadonlySet<ConnectResult["kind"]> = new Set(["connected", "refused", "open"]);

type Attempting = Pick<NatsBus, "status" | "watchAttempts">;

/** Resolves at the first login, whichever way it ends. To be asked before the first attempt can be over. */
export async function waitForLogin(bus: Attempting): Promise<Admission> {
  if (bus.status === "connected") return { kind: "admitted" };
  const attempt = await nextAttempt(bus, ({ kind }) => CONCLUSIVE.has(kind));
  return attempt.kind === "refused" || attempt.kind === "open"
    ? { kind: "refused", why: attempt.message }
    : { kind: "admitted" };
}

/**
 * The first attempt that says something about the bus, of several addresses (some may be of servers that do not run);
 * undefined when there was none within `limitMs`.
 */
export async function firstConclusiveResult(
  bus: Attempting,
  addresses: number,
  { clock, limitMs }: { readonly clock: Clock; readonly limitMs: number },
): Promise<ConnectResult | undefined> {
  let tried = 0;
  const word = nextAttempt(bus, ({ kind }) => {
    tried += 1;
    return kind === "connected" || !isAbsence({ kind }) || tried >= addresses;
  });
  let cancel: Cancel = () => undefined;
  const late = new Promise<undefined>((resolve) => {
    cancel = clock.after(limitMs, () => clock.afterIoPoll(() => resolve(undefined)));
  });
  const first = await Promise.race([word, late]);
  cancel();
  return first;
}

/** The next attempt of a kind; of any, unless said otherwise. */
export function nextAttempt(
  bus: Attempting,
  isMeant: (attempt: ConnectResult) => boolean = () => true,
): Promise<ConnectResult> {
  return new Promise((resolve) => {
    const stop = bus.watchAttempts((attempt) => {
      if (!isMeant(attempt)) return;
      stop();
      resolve(attempt);
    });
  });
}
