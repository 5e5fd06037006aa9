// The times and failures of the pages of the shop, for the board: GET /, from the request until its response is made.

import type { Middleware } from "koa";
import { type Clock, STALL_MS } from "../../clock.ts";
import type { EndedPage } from "../../monitor/page-stats.ts";

export interface PageObserver {
  readonly clock: Pick<Clock, "now" | "wall">;
  onPage(page: EndedPage): void;
}

const FAILED = 500;

/** Comes before all other middleware: it sees the status that the visitor gets. */
export function timePages({ clock, onPage }: PageObserver): Middleware {
  return async (ctx, next) => {
    if (!isPage(ctx.req.url) || ctx.method !== "GET") return next();
    const [startedAt, startedWall] = [clock.now(), clock.wall()];
    try {
      await next();
    } finally {
      onPage({
        isFailed: ctx.status >= FAILED,
        tookMs: tookMs(clock.now() - startedAt, clock.wall() - startedWall),
      });
    }
  };
}

/** The target as received, because it is not checked yet: the path of Koa throws for one that cannot be read. */
const isPage = (target = ""): boolean => target === "/" || target.startsWith("/?");

/** Running time stands still while this process does not run. A visitor waits all the same. */
const tookMs = (runningMs: number, wallMs: number): number => (wallMs - runningMs > STALL_MS ? wallMs : runningMs);
