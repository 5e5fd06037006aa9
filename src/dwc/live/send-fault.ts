// Sends a fault command over the bus: finds the instances that accept faults, and sends the command to the target.

import type { Bus } from "../../bus/bus.ts";
import { broadcastFault, type FaultReceiver, sendFaultCommand } from "../../service/fault-client.ts";
import type { FaultReport, FaultRequest } from "./core/live-types.ts";

export type FaultResult = Omit<FaultReport, "mayAsk" | "holder">;

/** Never rejects. */
export async function sendFault(bus: Bus, { service, target, order }: FaultRequest): Promise<FaultResult> {
  if (target === undefined) {
    const takers = await broadcastFault(bus, service, order.kind === "reset" ? "reset" : "list");
    return { takers, meant: takers, others: [], reply: undefined };
  }
  const known = await broadcastFault(bus, service, "list");
  const isMeant = ({ instance, incarnation }: FaultReceiver): boolean =>
    target.incarnation === undefined ? instance === target.instance : incarnation === target.incarnation;
  const meant = known.filter(isMeant);
  const others = known.filter((taker) => !isMeant(taker));
  // Two processes with one number: a fault is for one process only. A reset may go to both, as it does no harm.
  if (meant.length === 0 || (meant.length > 1 && order.kind !== "reset"))
    return { takers: [], meant, others, reply: undefined };
  const replies = await Promise.all(meant.map(({ incarnation }) => sendFaultCommand(bus, service, incarnation, order)));
  const takers = replies.flatMap((one) => (one.kind === "done" ? [one.receiver] : []));
  return { takers, meant, others, reply: replies.find(({ kind }) => kind !== "done") ?? replies[0] };
}
