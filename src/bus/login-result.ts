// The result of the first login, awaited once at the start of a program. A bus that is unreachable is awaited for ever.
// A refused login is final, because only the operator can change that.

import type { Clock } from "../clock.ts";
import { withTimeout } from "../util/promises.ts";
import type { ConnectResult } from "./connect-failure.ts";
import { isAbsence } from "./core/redial.ts";
import type { NatsBus } from "./nats-options.ts";

/** How the first login of a connection has ended. */
export type LoginResult =
  | { readonly kind: "admitted" }
  /** `why` says what to do. */
  | { readonly kind: "refused"; readonly why: string };

/** Results that later attempts would repeat until the operator changes something. */
const CONCLUSIVE: ReadonlySet<ConnectResult["kind"]> = new Set(["connected", "refused", "open"]);

type AttemptSource = Pick<NatsBus, "status" | "watchAttempts">;

/** Resolves with the result of the first login. Must be called before the first attempt can have ended. */
export async function waitForLogin(bus: AttemptSource): Promise<LoginResult> {
  if (bus.status === "connected") return { kind: "admitted" };
  const attempt = await nextAttempt(bus, ({ kind }) => CONCLUSIVE.has(kind));
  return attempt.kind === "refused" || attempt.kind === "open"
    ? { kind: "refused", why: attempt.message }
    : { kind: "admitted" };
}

/**
 * The first result that says something about the bus. At some of several addresses the server may not run. Undefined if
 * there was none within `limitMs`.
 */
export async function firstConclusiveResult(
  bus: AttemptSource,
  addresses: number,
  { clock, limitMs }: { readonly clock: Clock; readonly limitMs: number },
): Promise<ConnectResult | undefined> {
  let attempts = 0;
  const result = nextAttempt(bus, ({ kind }) => {
    attempts += 1;
    return kind === "connected" || !isAbsence({ kind }) || attempts >= addresses;
  });
  return withTimeout(result, (late) => clock.after(limitMs, () => clock.afterIoPoll(late)));
}

/** The result of the next attempt that matches; by default of the next one. */
export function nextAttempt(
  bus: AttemptSource,
  matches: (attempt: ConnectResult) => boolean = () => true,
): Promise<ConnectResult> {
  return new Promise((resolve) => {
    const stop = bus.watchAttempts((attempt) => {
      if (!matches(attempt)) return;
      stop();
      resolve(attempt);
    });
  });
}
