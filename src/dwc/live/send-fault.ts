// Asks for a fault on the bus: who takes any, who of them is meant, and then that one.

import type { Bus } from "../../bus/bus.ts";
import { broadcastFault, type FaultReceiver, sendFaultCommand } from "../../service/fault-client.ts";
import type { FaultReport, FaultRequest } from "./core/live-types.ts";

export type FaultResult = Omit<FaultReport, "mayAsk" | "holder">;

/** Never rejects. */
export async function sendFault(bus: Bus, { service, target, order }: FaultRequest): Promise<FaultResult> {
  if (target === undefined) {
    const takers = await broadcastFault(bus, service, order.kind === "reset" ? "reset" : "list");
    return { takers, meant: takers, others: [], asked: undefined };
  }
  const known = await broadcastFault(bus, service, "list");
  const isMeant = ({ instance, incarnation }: FaultReceiver): boolean =>
    target.incarnation === undefined ? instance === target.instance : incarnation === target.incarnation;
  const meant = known.filter(isMeant);
  const others = known.filter((taker) => !isMeant(taker));
  // Two of one number: a fault is for one process, and a reset harms neither.
  if (meant.length === 0 || (meant.length > 1 && order.kind !== "reset"))
    return { takers: [], meant, others, asked: undefined };
  const asked = await Promise.all(meant.map(({ incarnation }) => sendFaultCommand(bus, service, incarnation, order)));
  const takers = asked.flatMap((one) => (one.kind === "done" ? [one.receiver] : []));
  return { takers, meant, others, asked: asked.find(({ kind }) => kind !== "done") ?? asked[0] };
}
