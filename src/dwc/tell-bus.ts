// After a change: does the bus that runs know of it? A look comes first, so that a bus that does not run, or asks nobody
// who they are, costs no client library.

import type { Clock } from "../clock.ts";
import { lookAtBus } from "./bus-look.ts";
import type { Told } from "./bus-shapes.ts";
import type { Mint } from "./identity/mint.ts";
import type { pushAccount } from "./identity/push.ts";
import { currentOrg, type State } from "./identity/state.ts";

export interface TellBusOptions {
  readonly urls: readonly string[];
  readonly clock: Clock;
  readonly mint: () => Promise<Mint>;
  readonly push: () => Promise<typeof pushAccount>;
}

export async function tellBus(state: State, { urls, clock, mint, push }: TellBusOptions): Promise<Told> {
  const looks = await lookAtBus(urls, clock);
  const running = looks.find((look) => look.kind === "bus");
  if (running === undefined) return { kind: "no-bus" };
  if (!running.secured) return { kind: "open", url: running.url };
  const org = currentOrg(state);
  // Only the owner's account token changes, and only the owner's folder has the key that tells.
  if (state.operator === null || org?.authority.kind !== "owner") return { kind: "told" };
  const pushed = await (await push())(state.operator, org, { urls, clock, mint: await mint() });
  switch (pushed.kind) {
    case "told":
      return pushed;
    case "no bus":
      return { kind: "no-bus" };
    case "stranger":
    case "failed":
      return { kind: "untold", url: running.url, why: pushed.why };
  }
}
