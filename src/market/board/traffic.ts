// The form of the switch "Traffic", on the admin listener only, whose guard rejects forms of other sites. What it switches is
// traffic-switch.ts.

import type { Router } from "@koa/router";
import type { Middleware } from "koa";
import type { Traffic, TrafficRate } from "../../monitor/traffic.ts";
import { rateText } from "../../monitor/traffic-text.ts";
import { plainForm } from "../web/forms.ts";
import { boardOf, type FindBoard, TRAFFIC_PATH, withBoard } from "./board.ts";
import { readTrafficForm } from "./core/traffic-form.ts";

export interface TrafficControl {
  readonly traffic: Traffic;
  /** @param where the switch was set, for the log */
  set(rate: TrafficRate, where: string): void;
}

const NOT_OFFERED =
  "this Market has no traffic of its own: it may have visitors from other machines (HOST, PUBLIC_URL)";

export function addTrafficRoutes(router: Router, find: FindBoard): void {
  router.post(TRAFFIC_PATH, withBoard(find), ...plainForm, setTraffic);
}

const setTraffic: Middleware = (ctx) => {
  const { traffic } = boardOf(ctx);
  if (traffic === undefined) return ctx.throw(404, NOT_OFFERED);
  const form = readTrafficForm(ctx.request.rawBody ?? "");
  if (form.kind === "bad") return ctx.throw(400, form.why);
  traffic.set(form.rate, "on the board");
  if (ctx.accepts("html", "json") === "json") {
    ctx.body = { message: `traffic is ${rateText(form.rate)}`, traffic: traffic.traffic };
    return;
  }
  // See Other: a reload repeats the page, never the switch. The page shows the switch, so it needs no message.
  ctx.status = 303;
  ctx.redirect("/board");
};
