// The live service: queries to the running system. The client library takes longer to load than most answers take, so
// it is passed in as a loader.

import { hostname, networkInterfaces } from "node:os";
import { type Clock, timeOfDay } from "../../clock.ts";
import { maySendFaults } from "../../protocol.ts";
import type { Settings } from "../../settings.ts";
import type { IdentityService } from "../identity/public-view.ts";
import { probeBus } from "../identity/sync-bus.ts";
import type { followServices } from "./bus-events.ts";
import type { callOnce, callRoll, FaultResult, listInstances, sendFault } from "./bus-queries.ts";
import type { withBus, withView } from "./bus-session.ts";
import { runBusTop } from "./bus-top.ts";
import { OWN_SERVICE } from "./core/failures.ts";
import type { BoardResult, LiveService } from "./core/live-types.ts";
import { type MarketPlaces, marketPlaces } from "./core/market-places.ts";
import type { collectFacts } from "./facts.ts";
import { fetchBoard, followEvents } from "./market-client.ts";
import { runTop } from "./top-loop.ts";

export interface LiveDeps {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly nodeVersion: string;
  readonly identity: Pick<IdentityService, "describe" | "obedience">;
  readonly busTools: () => Promise<{
    readonly withBus: typeof withBus;
    readonly withView: typeof withView;
    readonly callRoll: typeof callRoll;
    readonly callOnce: typeof callOnce;
    readonly listInstances: typeof listInstances;
    readonly followServices: typeof followServices;
    readonly sendFault: typeof sendFault;
  }>;
  readonly examiner: () => Promise<typeof collectFacts>;
}

/** A running instance answers in a millisecond, and across an ocean within this. A paused one does not answer. */
const LISTEN_MS = 150;
const NO_TARGETS: FaultResult = { takers: [], meant: [], others: [], reply: undefined };

export function createLiveService(deps: LiveDeps): LiveService {
  const { settings, clock, busTools } = deps;
  const places = (named: string | undefined): MarketPlaces => marketPlaces(settings, named, ownHosts());
  const roll: LiveService["roll"] = async (service, listenMs = LISTEN_MS) => {
    const { withView, callRoll } = await busTools();
    const known = service === undefined ? await knownServices(deps) : [service];
    // The login took at least two round trips. A reply or a heartbeat takes less than that.
    return withView(deps, service, (bus, view, connectMs) => {
      const isAll = view.kind === "all";
      const services = isAll || service !== undefined ? known : view.calls;
      const beyond = isAll && service === undefined;
      return callRoll(bus, clock, services, { beyond, counted: isAll, listenMs: Math.max(listenMs, connectMs) });
    });
  };
  return {
    wall: () => clock.wall(),
    timeOfDay,
    follow: (url, until, follower) => followEvents(url, clock, until, follower),
    top: (named, screen, options) => {
      // Once an address has shown a board, only that address is polled.
      let place = places(named);
      const poll = async (): Promise<BoardResult> => {
        const board = await fetchBoard(place, clock);
        if (board.kind === "board") place = { ...place, boards: [board.url] };
        return board;
      };
      return runTop({ fetchBoard: poll, clock, screen, timeOfDay }, options);
    },
    topServices: (screen, options) => runBusTop({ roll: () => roll(undefined), clock, screen }, options),
    followServices: async (follower) => {
      const { withView, followServices } = await busTools();
      return withView(deps, undefined, (bus, view) =>
        followServices(
          bus,
          clock,
          view.kind === "all" ? follower : { ...follower, services: view.calls, beyond: false },
        ),
      );
    },
    roll,
    names: async (listenMs) => {
      const { withView, listInstances, callRoll } = await busTools();
      const found = await withView(deps, undefined, (bus, view) =>
        view.kind === "all"
          ? listInstances(bus, listenMs)
          : callRoll(bus, clock, view.calls, { beyond: false, counted: false, listenMs }),
      );
      return found.kind === "connected" ? found.value : [];
    },
    call: async (order) => {
      const { withView, callOnce } = await busTools();
      const timeoutMs = order.timeoutMs ?? settings.health.requestTimeoutMs;
      return withView(deps, order.service, (bus, view) =>
        callOnce(bus, clock, { ...order, timeoutMs, counted: view.kind === "all" }),
      );
    },
    fault: async (request) => {
      const { withBus, sendFault } = await busTools();
      return withBus(deps, async (bus, credentials) => {
        const mayAsk = maySendFaults(bus.requiresAuth, credentials);
        const result = mayAsk ? await sendFault(bus, request) : NO_TARGETS;
        return { ...result, mayAsk, holder: credentials?.name ?? "(none)" };
      });
    },
    fetchView: (named) => fetchBoard(places(named), clock),
    collectFacts: async (named, onPart) => {
      const queries = { probeBus: () => probeBus(settings.natsUrls, clock), roll: () => roll(undefined) };
      return (await deps.examiner())({ ...deps, ...queries, places: places(named) }, onPart);
    },
  };
}

async function knownServices({ identity }: LiveDeps): Promise<readonly string[]> {
  const found = await identity.describe();
  const own = found.kind === "done" ? (found.identity.current?.services ?? []) : [];
  return [...new Set([OWN_SERVICE, ...own.map(({ name }) => name)])];
}

const ownHosts = (): readonly string[] => [
  hostname(),
  ...Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map(({ address }) => address)),
];
