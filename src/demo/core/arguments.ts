// The argument of `demo`: the rate at which its shoppers begin.

import { isTrafficRate, TRAFFIC_RATES, type TrafficRate } from "../../monitor/traffic.ts";
import { shownValue } from "../../util/printable.ts";

export type DemoRate =
  | { readonly kind: "read"; readonly rate: TrafficRate }
  | { readonly kind: "refused"; readonly why: string };

/** Single calls can be followed on the board, and a fault shows within a second. */
const DEFAULT_RATE: TrafficRate = 2;

/** An empty value counts as not given. @param typed pages a second */
export function readDemoRate(typed = ""): DemoRate {
  if (typed === "") return { kind: "read", rate: DEFAULT_RATE };
  const rate = /^\d{1,3}$/.test(typed) ? Number(typed) : undefined;
  if (isTrafficRate(rate)) return { kind: "read", rate };
  const why = `RATE=${shownValue(typed)} is not one of ${TRAFFIC_RATES.join(", ")}: type  make demo RATE=20`;
  return { kind: "refused", why };
}
