// The board's way to ask instances for faults: over the Market's own connection, with the Market's own credentials. What it
// asked for is in the log; what came of it is on the board, as the instances say it themselves.

import type { NatsBus } from "../bus/nats-bus.ts";
import { programLine } from "../program/core/program-events.ts";
import type { Log } from "../program/log.ts";
import type { FaultCommand } from "../service/core/fault-command.ts";
import { faultText } from "../service/core/fault-status.ts";
import { broadcastFault, type FaultReply, maySendFaults, sendFaultCommand } from "../service/fault-client.ts";
import { SECOND_MS } from "../util/format.ts";
import type { FaultForm } from "./core/fault-form.ts";
import { instancesText } from "./core/page-format.ts";

export interface FaultController {
  /** Whether the bus lets this Market ask; if not, an admin's credentials are missing. */
  readonly mayAsk: boolean;
  /** Resolves with a sentence for whoever asked. Never rejects. */
  ask(form: FaultForm): Promise<FaultOutcome>;
}

export interface FaultOutcome {
  readonly isDone: boolean;
  readonly message: string;
}

export interface FaultControllerOptions {
  readonly service: string;
  readonly bus: Pick<NatsBus, "request" | "requestMany" | "status"> &
    Partial<Pick<NatsBus, "requiresAuth" | "credentials">>;
  readonly say: Log;
}

export function openFaultController(options: FaultControllerOptions): FaultController {
  const { bus, say } = options;
  return {
    get mayAsk() {
      return maySendFaults(bus.requiresAuth, bus.credentials);
    },
    ask: async (form) => {
      const outcome = await askFor(form, options);
      say(programLine("chaos.asked", `requested on the board: ${outcome.message}`));
      return outcome;
    },
  };
}

async function askFor({ target, order }: FaultForm, { service, bus }: FaultControllerOptions): Promise<FaultOutcome> {
  if (target !== undefined) return outcomeOf(target, order, await sendFaultCommand(bus, service, target, order));
  const receivers = await broadcastFault(bus, service, "reset");
  if (receivers.length === 0) return { isDone: false, message: "nobody answered the reset: no instance takes faults" };
  return {
    isDone: true,
    message: `all faults of ${instancesText(receivers.map(({ instance }) => instance))} have ended`,
  };
}

function outcomeOf(target: string, order: FaultCommand, reply: FaultReply): FaultOutcome {
  switch (reply.kind) {
    case "done":
      return { isDone: true, message: doneText(reply.receiver.instance, order) };
    case "refused":
      return { isDone: false, message: `${target} refused it: ${reply.why}` };
    case "unanswered":
      return { isDone: false, message: `${target} did not answer (${reply.why}): it is gone, or takes no faults` };
  }
}

function doneText(instance: number, order: FaultCommand): string {
  switch (order.kind) {
    case "begin":
      return `instance ${instance}: ${faultText(order.fault)}, for ${order.forMs / SECOND_MS} s`;
    case "kill":
      return `instance ${instance} is killed: start it again with  CHAOS=1 make startRatings INSTANCE=${instance}`;
    case "reset":
      return `instance ${instance}: all its faults have ended`;
    case "list":
      return `instance ${instance} takes faults`;
  }
}
