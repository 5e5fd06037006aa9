// What `dwc check` knows before it judges. Only shapes.

import type { BusProbe, SyncResult } from "../../core/bus-shapes.ts";
import type { Outdated } from "../../identity/core/outdated.ts";
import type { BusResult, DiscoveredInstance } from "./bus-result.ts";
import type { BoardResult } from "./live-types.ts";

export interface Facts {
  readonly probes: readonly BusProbe[];
  readonly roll: BusResult<readonly DiscoveredInstance[]>;
  readonly identity: IdentityFacts;
  /** Whether the buses obey the orgs that this folder owns; undefined: it owns none. */
  readonly obedience: SyncResult | undefined;
  readonly market: MarketFacts;
  /** What that Market believes of the instances, or why it does not say. */
  readonly asked: BoardResult;
  /** As the settings have it. */
  readonly port: number;
  readonly nodeVersion: string;
  /** Undefined: there is none on this machine. */
  readonly server: ServerProgram | undefined;
}

export interface ServerProgram {
  readonly path: string;
  /** Undefined: it did not say. */
  readonly version: string | undefined;
}

export interface IdentityFacts {
  readonly folder: string;
  readonly state: "absent" | "readable" | { readonly unreadable: string };
  /** As whom one can log in here. */
  readonly logins?: readonly { readonly email: string; readonly id: string }[];
  /** The current org, if somebody is logged in. */
  readonly org: { readonly name: string; readonly email: string } | undefined;
  /** What others than its owner may read or change. */
  readonly tooOpen: readonly { readonly path: string; readonly isFolder: boolean }[];
  /** Credentials that no longer let anybody in, or cannot be read. */
  readonly expired: readonly { readonly whose: string; readonly since: string; readonly renew: string }[];
  /** Credentials that were issued with other permissions than those of today, or count no more. */
  readonly outdated?: readonly OutdatedCredentials[];
  /** As whom a Market of this person goes to the bus: what is wrong with that. */
  readonly trouble: string | undefined;
  readonly hasCredentials: boolean;
}

export interface OutdatedCredentials {
  readonly whose: string;
  readonly why: Outdated;
  readonly renew: string;
}

export type MarketFacts =
  | {
      readonly kind: "market";
      readonly url: string;
      readonly status: "ready" | "degraded" | "unready";
      /** What is not good, a sentence each. */
      readonly failing: readonly string[];
    }
  /** A Market's admin listener, which refuses the name in this address. */
  | { readonly kind: "foreign name"; readonly url: string }
  /** Something answers there, and it is no Market. */
  | { readonly kind: "stranger"; readonly url: string }
  | { readonly kind: "nothing"; readonly url: string }
  | { readonly kind: "silent"; readonly url: string };
