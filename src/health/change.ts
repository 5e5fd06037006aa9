// What the tracker tells: a change of state that somebody may want to know of.

import type { BreakerTransition } from "./breaker.ts";
import type { InstanceRef } from "./member.ts";

/** A change of state worth telling: exactly one for each change. */
export type HealthEvent =
  | { readonly kind: "joined" | "returned" | "draining" | "left"; readonly who: InstanceRef }
  | {
      readonly kind: "lost";
      readonly who: InstanceRef;
      readonly why: "no heartbeat" | "nobody answers there";
      readonly silentMs: number;
    }
  | { readonly kind: "clash"; readonly who: InstanceRef; readonly other: InstanceRef }
  /** The table holds all it may, and everyone in it is real: a newcomer was turned away. Told once until there is room. */
  | { readonly kind: "full"; readonly who: InstanceRef; readonly limit: number }
  | ({ readonly who: InstanceRef } & BreakerTransition);
