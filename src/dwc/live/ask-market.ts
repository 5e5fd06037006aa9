// A Market's board, asked for over HTTP.

import type { Clock } from "../../clock.ts";
import { readBelief } from "./belief.ts";
import type { AskedMarket } from "./live-world.ts";
import { fetchJson } from "./market-link.ts";

/** A Market on this machine answers in milliseconds; a busy one far away within this. */
const ANSWERS_WITHIN_MS = 1_500;
const FORBIDDEN = 403;
const NOT_YET = 503;

export async function askMarket(url: string, clock: Clock): Promise<AskedMarket> {
  const fetched = await fetchJson(new URL("/board.json", url).href, clock, ANSWERS_WITHIN_MS);
  if (fetched.kind !== "answered") return { ...fetched, url };
  const belief = readBelief(fetched.json);
  if (belief !== undefined) return { kind: "board", url, belief };
  return { kind: "no board", url, why: whyNone(fetched.status) };
}

function whyNone(status: number): Extract<AskedMarket, { kind: "no board" }>["why"] {
  if (status === FORBIDDEN) return "other machine";
  return status === NOT_YET ? "not yet" : "none";
}
