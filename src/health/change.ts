// What the tracker tells: a change of state that somebody may want to know of.

import type { BreakerNews } from "./breaker.ts";
import type { Who } from "./member.ts";

/** A change of state worth telling: exactly one for each change. */
export type Change =
  | { readonly kind: "joined" | "returned" | "draining" | "left"; readonly who: Who }
  | {
      readonly kind: "lost";
      readonly who: Who;
      readonly why: "no heartbeat" | "nobody answers there";
      readonly silentMs: number;
    }
  | { readonly kind: "clash"; readonly who: Who; readonly other: Who }
  /** The table holds all it may, and everyone in it is real: a newcomer was turned away. Told once until there is room. */
  | { readonly kind: "full"; readonly who: Who; readonly limit: number }
  | ({ readonly who: Who } & BreakerNews);
