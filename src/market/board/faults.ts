// Faults from the board: the route of the form, and the command to an instance, over the Market's own connection and
// with its credentials. The log has each command with its result. The board shows active faults as the instances report
// them. The route is on the admin listener only, whose guard rejects forms of other sites.

import type { Router } from "@koa/router";
import type { Middleware } from "koa";
import { programLine } from "../../program/core/program-events.ts";
import type { Log } from "../../program/log.ts";
import { faultText, maySendFaults } from "../../protocol.ts";
import {
  broadcastFault,
  type FaultCommand,
  type FaultReply,
  type NatsBus,
  sendFaultCommand,
} from "../../service/index.ts";
import { SECOND_MS } from "../../util/format.ts";
import { BOARD_MESSAGE_COOKIE, setFlash } from "../web/cookies.ts";
import { instancesText } from "../web/core/page-format.ts";
import { plainForm } from "../web/forms.ts";
import { boardOf, FAULTS_PATH, type FindBoard, withBoard } from "./board.ts";
import { type FaultForm, readFaultForm } from "./core/fault-form.ts";

export interface FaultController {
  /** The bus permits this Market to send fault commands; false: the Market lacks an admin's credentials. */
  readonly mayAsk: boolean;
  /** Resolves with a sentence for the operator. Never rejects. */
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
      say(programLine("chaos.asked", `from the board: ${outcome.message}`));
      return outcome;
    },
  };
}

async function askFor({ target, order }: FaultForm, { service, bus }: FaultControllerOptions): Promise<FaultOutcome> {
  if (target !== undefined) return outcomeOf(target, order, await sendFaultCommand(bus, service, target, order));
  const receivers = await broadcastFault(bus, service, "reset");
  if (receivers.length === 0) return { isDone: false, message: "no instance answered the reset: none takes faults" };
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
      return { isDone: false, message: `${target} rejected the fault: ${reply.why}` };
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

const NOT_ALLOWED =
  "only admins may inject faults on this bus: start the Market with an admin's login (bin/dwc status shows yours)";

export function addFaultRoutes(router: Router, find: FindBoard): void {
  router.post(FAULTS_PATH, withBoard(find), ...plainForm, ask);
}

const ask: Middleware = async (ctx) => {
  const { faults } = boardOf(ctx);
  if (faults === undefined) return ctx.throw(404);
  if (!faults.mayAsk) return ctx.throw(403, NOT_ALLOWED);
  const form = readFaultForm(ctx.request.rawBody ?? "");
  if (form.kind === "bad") return ctx.throw(400, form.why);
  const { isDone, message } = await faults.ask(form);
  if (ctx.accepts("html", "json") === "json") {
    ctx.status = isDone ? 200 : 409;
    ctx.body = { done: isDone, message };
    return;
  }
  setFlash(ctx, message, BOARD_MESSAGE_COOKIE);
  // See Other: a reload repeats the page, never the fault.
  ctx.status = 303;
  ctx.redirect("/board");
};
