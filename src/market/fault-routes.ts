// The board's form for faults, on the admin listener only. Its guard rejects forms of other sites.

import type { Router } from "@koa/router";
import type { Middleware } from "koa";
import { boardOf, FAULTS_PATH, type FindBoard, withBoard } from "./board-routes.ts";
import { BOARD_MESSAGE_COOKIE, setFlash } from "./cookies.ts";
import { readFaultForm } from "./core/fault-form.ts";
import { plainForm } from "./forms.ts";

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
