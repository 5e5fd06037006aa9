// The board's form for faults. Whoever may see the board need not be who may break things: only a browser on this very
// machine can, also with BOARD=public, and from a page of ours.

import type { Router } from "@koa/router";
import type { Context, Middleware } from "koa";
import type { Board } from "./board.ts";
import { readFaultForm } from "./fault-form.ts";
import { ownForm } from "./forms.ts";
import { isOnThisMachine, type Onlooker } from "./onlooker.ts";
import { leaveMessage } from "./visitor.ts";

export const FAULTS_PATH = "/board/faults";
const NOT_FROM_HERE = "faults are taken from this machine only: open the board there, or type  bin/dwc fault";
const NOT_ALLOWED =
  "on this bus only admins may ask for faults: start the Market as one (bin/dwc status says who you are)";

/** @param looking lets in who may see the board, and finds it */
export function addFaultRoutes(router: Router, looking: Middleware): void {
  router.post(FAULTS_PATH, looking, fromHereOnly, ...ownForm, ask);
}

const fromHereOnly: Middleware = (ctx, next) =>
  isOnThisMachine(onlookerOf(ctx)) ? next() : ctx.throw(403, NOT_FROM_HERE);

const ask: Middleware = async (ctx) => {
  const { faults }: Board = ctx.state["board"];
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
  leaveMessage(ctx, message);
  // See Other: what the browser reloads is a page, never a fault.
  ctx.status = 303;
  ctx.redirect("/board");
};

export const onlookerOf = (ctx: Context): Onlooker => ({
  peer: ctx.req.socket.remoteAddress,
  host: ctx.headers.host,
  isForwarded: ["forwarded", "x-forwarded-for", "via"].some((name) => ctx.headers[name] !== undefined),
});
