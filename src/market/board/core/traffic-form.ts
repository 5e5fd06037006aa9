// The form of the switch "Traffic": its positions, and the parser of its body, which is untrusted.

import { isTrafficRate, TRAFFIC_RATES, type TrafficRate } from "../../../monitor/traffic.ts";

export interface SwitchPosition {
  readonly rate: TrafficRate;
  readonly label: string;
  readonly isOn: boolean;
}

export const switchPositions = (rate: TrafficRate): readonly SwitchPosition[] =>
  TRAFFIC_RATES.map((each) => ({ rate: each, label: each === 0 ? "Off" : String(each), isOn: each === rate }));

export type ReadTrafficForm =
  | { readonly kind: "read"; readonly rate: TrafficRate }
  | { readonly kind: "bad"; readonly why: string };

/** @param body the raw body, `application/x-www-form-urlencoded` */
export function readTrafficForm(body: string): ReadTrafficForm {
  const typed = new URLSearchParams(body).get("rate") ?? "";
  const rate = /^\d{1,3}$/.test(typed) ? Number(typed) : undefined;
  if (isTrafficRate(rate)) return { kind: "read", rate };
  return { kind: "bad", why: `the rate is none of ${TRAFFIC_RATES.join(", ")}` };
}
