// The facts from which `dwc check` derives its findings.

import type { BusProbe, SyncResult } from "../../core/bus-shapes.ts";
import type { Outdated } from "../../identity/core/outdated.ts";
import type { BusResult, DiscoveredInstance } from "./bus-result.ts";
import type { BoardResult } from "./live-types.ts";

export interface Facts {
  readonly probes: readonly BusProbe[];
  readonly roll: BusResult<readonly DiscoveredInstance[]>;
  readonly identity: IdentityFacts;
  /** Whether the buses obey the orgs that this folder owns; undefined: the folder owns none. */
  readonly obedience: SyncResult | undefined;
  readonly market: MarketFacts;
  /** That Market's view of the instances, or why there is none. */
  readonly board: BoardResult;
  /** PORT of the settings. */
  readonly port: number;
  readonly nodeVersion: string;
  /** Undefined: nats-server is not installed. */
  readonly server: ServerProgram | undefined;
}

export interface ServerProgram {
  readonly path: string;
  /** Undefined: the program printed none. */
  readonly version: string | undefined;
}

export interface IdentityFacts {
  readonly folder: string;
  readonly state: "absent" | "readable" | { readonly unreadable: string };
  /** The logins that this folder has. */
  readonly logins?: readonly { readonly email: string; readonly id: string }[];
  /** The current org; undefined: the user is logged out. */
  readonly org: { readonly name: string; readonly email: string } | undefined;
  /** Paths that users other than the owner can read or change. */
  readonly tooOpen: readonly { readonly path: string; readonly isFolder: boolean }[];
  /** Expired credentials. */
  readonly expired: readonly { readonly whose: string; readonly since: string; readonly renew: string }[];
  /** Credentials that an earlier dwc issued with other permissions, or that the bus no longer accepts. */
  readonly outdated?: readonly OutdatedCredentials[];
  /** Why a Market of this user cannot log in; undefined: it can. */
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
      /** The failing checks, a sentence each. */
      readonly failing: readonly string[];
    }
  /** A Market's admin listener, which refuses the name in this address. */
  | { readonly kind: "foreign name"; readonly url: string }
  /** Another program answers there. */
  | { readonly kind: "not-market"; readonly url: string }
  | { readonly kind: "nothing"; readonly url: string }
  | { readonly kind: "silent"; readonly url: string };
