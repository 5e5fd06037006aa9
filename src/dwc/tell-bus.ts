// After a change: does the bus that runs obey it? Every address in NATS_URL is asked for itself: the servers of a cluster
// pass accounts on, separate ones do not. A look comes first, so that a bus that does not run, or asks nobody who they
// are, costs no client library.

import { type Credentials, parseCredentials } from "../bus/core/credentials.ts";
import { speaking } from "../bus/core/greeting.ts";
import type { Clock } from "../clock.ts";
import { lookAtBus } from "./bus-look.ts";
import type { BusLook, Told } from "./core/bus-shapes.ts";
import { toldBy } from "./core/obedience.ts";
import type { Obedience } from "./identity/core/obedience.ts";
import type { Operator, Org } from "./identity/core/state.ts";
import type { Mint } from "./identity/mint.ts";
import type { admits, PushMode, pushAccounts } from "./identity/push.ts";

export interface TellBusOptions {
  readonly urls: readonly string[];
  readonly clock: Clock;
  readonly mint: () => Promise<Mint>;
  readonly push: () => Promise<{ readonly pushAccounts: typeof pushAccounts; readonly admits: typeof admits }>;
}

/** What a bus is to obey. */
export type Matter =
  /** The account tokens of orgs that this folder owns. */
  | { readonly kind: "accounts"; readonly operator: Operator; readonly orgs: readonly Org[]; readonly mode: PushMode }
  /** Credentials that it is to let in, the text of their file. */
  | { readonly kind: "credentials"; readonly text: string };

export type TellBus = (matter: Matter) => Promise<Told>;

export async function tellBus(matter: Matter, options: TellBusOptions): Promise<Told> {
  const looks = await lookAtBus(options.urls, options.clock);
  // Looks come in the order of the addresses, and show them without passwords.
  const found = await Promise.all(
    looks.map((look, at) => tellOne(look, options.urls[at] ?? look.url, matter, options)),
  );
  return { ...toldBy(found), shown: matter.kind };
}

async function tellOne(look: BusLook, url: string, matter: Matter, options: TellBusOptions): Promise<Obedience> {
  const { clock, mint, push } = options;
  const seen = withoutAsking(look);
  if (seen !== undefined) return seen;
  const { pushAccounts, admits } = await push();
  if (matter.kind === "credentials")
    return { ...(await admits(credentialsOf(matter.text), { url, clock })), url: look.url };
  const { operator, orgs, mode } = matter;
  const found = await pushAccounts(operator, orgs, { url, clock, mint: await mint(), mode });
  const { kind, addresses } = toldBy(found);
  const worst = addresses.find((one) => one.kind === kind) ?? { kind: "obeys" as const };
  return { ...worst, url: look.url };
}

function withoutAsking(look: BusLook): Obedience | undefined {
  const { url } = look;
  switch (look.kind) {
    case "nothing":
      return { kind: "not running", url };
    case "silent":
      return { kind: "unknown", url, reason: "silent", why: "it accepts connections and says nothing: paused?" };
    case "unresolved":
      return { kind: "not running", url, reason: "unresolved", why: look.why };
    case "closed":
    case "untrusted":
    case "wrong port":
      return { kind: "unknown", url, reason: look.kind, why: look.why };
    case "stranger":
      return {
        ...{ kind: "does not obey", url, reason: "foreign" },
        why: `what runs there is not a NATS server${speaking(look)}`,
      };
    case "bus":
      return look.secured ? undefined : { kind: "does not obey", url, reason: "open", why: "it lets everybody in" };
  }
}

function credentialsOf(text: string): Credentials {
  const parsed = parseCredentials(text);
  if (parsed.kind === "bad") throw new Error(`the credentials of this folder cannot be used, as ${parsed.why}`);
  return parsed.credentials;
}
