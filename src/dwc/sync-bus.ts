// Sends a change to the running bus and returns whether the bus obeys. Each address in NATS_URL is handled on its own:
// the servers of a cluster pass accounts on, separate ones do not. A probe comes first, so that dwc loads the client
// library only for a bus that runs and requires logins.

import { type Credentials, parseCredentials } from "../bus/core/credentials.ts";
import { speaking } from "../bus/core/greeting.ts";
import type { Clock } from "../clock.ts";
import type { BusProbe, SyncResult } from "./core/bus-shapes.ts";
import { syncResultOf } from "./core/obedience.ts";
import type { Obedience } from "./identity/core/obedience.ts";
import type { Operator, Org } from "./identity/core/state.ts";
import type { Mint } from "./identity/mint.ts";
import type { admits, PushMode, pushAccounts } from "./identity/push.ts";
import { probeBus } from "./probe-bus.ts";

export interface SyncOptions {
  readonly urls: readonly string[];
  readonly clock: Clock;
  readonly mint: () => Promise<Mint>;
  readonly push: () => Promise<{ readonly pushAccounts: typeof pushAccounts; readonly admits: typeof admits }>;
}

/** What a bus has to obey. */
export type SyncInput =
  /** The account tokens of orgs that this folder owns. */
  | { readonly kind: "accounts"; readonly operator: Operator; readonly orgs: readonly Org[]; readonly mode: PushMode }
  /** Credentials that it has to admit; `text` is the content of their file. */
  | { readonly kind: "credentials"; readonly text: string };

export type SyncBus = (input: SyncInput) => Promise<SyncResult>;

export async function syncRunningBus(input: SyncInput, options: SyncOptions): Promise<SyncResult> {
  const probes = await probeBus(options.urls, options.clock);
  // Probes are in the order of the addresses. Their URLs hold no password, so the login needs the original ones.
  const found = await Promise.all(
    probes.map((probe, at) => syncAddress(probe, options.urls[at] ?? probe.url, input, options)),
  );
  return { ...syncResultOf(found), sent: input.kind };
}

async function syncAddress(probe: BusProbe, url: string, input: SyncInput, options: SyncOptions): Promise<Obedience> {
  const { clock, mint, push } = options;
  const known = resultOfProbe(probe);
  if (known !== undefined) return known;
  const { pushAccounts, admits } = await push();
  if (input.kind === "credentials")
    return { ...(await admits(credentialsOf(input.text), { url, clock })), url: probe.url };
  const { operator, orgs, mode } = input;
  const found = await pushAccounts(operator, orgs, { url, clock, mint: await mint(), mode });
  const { kind, addresses } = syncResultOf(found);
  const worst = addresses.find((one) => one.kind === kind) ?? { kind: "obeys" as const };
  return { ...worst, url: probe.url };
}

function resultOfProbe(probe: BusProbe): Obedience | undefined {
  const { url } = probe;
  switch (probe.kind) {
    case "nothing":
      return { kind: "not running", url };
    case "silent":
      return { kind: "unknown", url, reason: "silent", why: "it accepts connections and says nothing: paused?" };
    case "unresolved":
      return { kind: "not running", url, reason: "unresolved", why: probe.why };
    case "closed":
    case "untrusted":
    case "wrong port":
      return { kind: "unknown", url, reason: probe.kind, why: probe.why };
    case "not-nats":
      return {
        ...{ kind: "does not obey", url, reason: "foreign" },
        why: `what runs there is not a NATS server${speaking(probe)}`,
      };
    case "bus":
      return probe.secured ? undefined : { kind: "does not obey", url, reason: "open", why: "it requires no login" };
  }
}

function credentialsOf(text: string): Credentials {
  const parsed = parseCredentials(text);
  if (parsed.kind === "bad") throw new Error(`the credentials of this folder cannot be used, as ${parsed.why}`);
  return parsed.credentials;
}
