// The board's form for faults, on the admin listener alone. It is taken from the board's own page, and from no page elsewhere.

import type { Router } from "@koa/router";
import type { Middleware } from "koa";
import { boardOf, FAULTS_PATH, type FindBoard, withBoard } from "./board-routes.ts";
import { BOARD_MESSAGE_COOKIE, setFlash } from "./cookies.ts";
import { readFaultForm } from "./core/fault-form.ts";
import { plainForm } from "./forms.ts";

const NOT_ALLOWED =
  "on this bus only admins may ask for faults: start the Market as one (bin/dwc status says who you are)";

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
  // See Other: what the browser reloads is a page, never a fault.
  ctx.status = 303;
  ctx.redirect("/board");
};
