// Fetches a Market's board over HTTP.

import type { Clock } from "../../clock.ts";
import { BOARD_PATHS, ON_ADMIN_PORT } from "../../monitor/snapshot.ts";
import { ONLY_LOCAL_NAMES } from "../../program/core/local-requests.ts";
import type { BoardResult, NoBoard } from "./core/live-types.ts";
import type { MarketPlaces } from "./core/market-places.ts";
import { parseMarketView } from "./core/market-view.ts";
import { type FetchResult, fetchJson } from "./fetch-json.ts";

/** A local Market answers in milliseconds, a busy and distant one within this. */
const BOARD_TIMEOUT_MS = 1_500;
const NOT_YET = 503;

/**
 * Tries the addresses in order until one has a board or is silent: a silent Market is probably the right one, paused.
 */
export async function fetchBoard(
  { boards, admin }: Pick<MarketPlaces, "boards" | "admin">,
  clock: Clock,
): Promise<BoardResult> {
  const missed: BoardResult[] = [];
  for (const url of boards) {
    const result = await fetchOne(url, admin, clock);
    if (result.kind === "board" || result.kind === "silent") return result;
    missed.push(result);
  }
  return mostTelling(missed);
}

async function fetchOne(url: string, admin: MarketPlaces["admin"], clock: Clock): Promise<BoardResult> {
  const fetched = await fetchJson(new URL(BOARD_PATHS.data, url).href, clock, BOARD_TIMEOUT_MS);
  if (fetched.kind !== "answered") return { ...fetched, url };
  const view = parseMarketView(fetched.json);
  if (view !== undefined) return { kind: "board", url, view };
  return { kind: "no board", url, why: whyNone(fetched), admin };
}

/** The most useful failure: first a Market that names its board's place, then any response, then none. */
function mostTelling(missed: readonly BoardResult[]): BoardResult {
  const isKnown = (result: BoardResult): boolean => result.kind === "no board" && result.why !== "none";
  const found = missed.find(isKnown) ?? missed.find(({ kind }) => kind === "no board") ?? missed.at(-1);
  if (found === undefined) throw new Error("there is no place to ask a Market at");
  return found;
}

type Answered = Extract<FetchResult, { kind: "answered" }>;

function whyNone(answered: Answered): NoBoard {
  const { status, json } = answered;
  if (Object(json).error === ON_ADMIN_PORT) return "admin port";
  if (refusesName(answered)) return "foreign name";
  return status === NOT_YET ? "not yet" : "none";
}

const FORBIDDEN = 403;

/** An admin listener sends this response to each request whose host name is not local. */
export const refusesName = ({ status, json }: Answered): boolean =>
  status === FORBIDDEN && String(Object(json).error).endsWith(ONLY_LOCAL_NAMES);
