// A Market's board, asked for over HTTP.

/** A Market on this machine answers in milliseconds; a busy one far away within this. */
import type { Clock } from "../../clock.ts";
import { BOARD_PATHS, ON_ADMIN_PORT } from "../../monitor/board-places.ts";
import { ONLY_LOCAL_NAMES } from "../../program/core/local-requests.ts";
import type { BoardResult, NoBoard } from "./core/live-types.ts";
import type { MarketPlaces } from "./core/market-places.ts";
import { parseMarketView } from "./core/market-view.ts";
import { type FetchResult, fetchJson } from "./fetch-json.ts";

const BOARD_TIMEOUT_MS = 1_500;
const NOT_YET = 503;

/** Asks one place after the other until one shows a board, or is silent: a paused Market is the one that was meant. */
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

/** A Market that says where its board is tells more than what else may answer, and anything more than nothing at all. */
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

/** An admin listener answers so to whatever is asked of it under a name that is not local. */
export const refusesName = ({ status, json }: Answered): boolean =>
  status === FORBIDDEN && String(Object(json).error).endsWith(ONLY_LOCAL_NAMES);
