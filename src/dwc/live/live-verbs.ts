// The verbs that ask the system that runs. What is heavy to load comes from whoever hands it in, and only when it is used:
// the client library takes longer to load than most answers take.

import { hostname, networkInterfaces } from "node:os";
import { type Clock, timeOfDay } from "../../clock.ts";
import { maySendFaults } from "../../service/fault-client.ts";
import type { Settings } from "../../settings.ts";
import type { IdentityService } from "../core/world.ts";
import { probeBus } from "../probe-bus.ts";
import { askMarket } from "./ask-market.ts";
import type { callOnce } from "./caller.ts";
import type { AskedMarket, LiveVerbs } from "./core/live-world.ts";
import { type MarketPlaces, marketPlaces } from "./core/market-places.ts";
import { OWN_SERVICE } from "./core/start-hint.ts";
import type { examine } from "./examine.ts";
import type { AskedOnBus, askOnBus } from "./fault-visit.ts";
import { followEvents } from "./follow.ts";
import type { callRoll } from "./roll.ts";
import { runTop } from "./top-loop.ts";
import type { visitBus } from "./visit.ts";

export interface LiveTools {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly nodeVersion: string;
  readonly identity: Pick<IdentityService, "describe" | "obedience">;
  readonly busTools: () => Promise<{
    readonly visitBus: typeof visitBus;
    readonly callRoll: typeof callRoll;
    readonly callOnce: typeof callOnce;
    readonly askOnBus: typeof askOnBus;
  }>;
  readonly examiner: () => Promise<typeof examine>;
}

/** Who runs answers in a millisecond, across an ocean within this; who is paused does not, and shows by that. */
const LISTEN_MS = 150;
/** The service that comes with the Market: its roll is called, also where nobody has an org. */

const NOBODY_ASKED: AskedOnBus = { takers: [], meant: [], others: [], asked: undefined };

export function liveVerbs(tools: LiveTools): LiveVerbs {
  const { settings, clock, busTools } = tools;
  const places = (named: string | undefined): MarketPlaces => marketPlaces(settings, named, ownHosts());
  const roll: LiveVerbs["roll"] = async (service, listenMs = LISTEN_MS) => {
    const { visitBus, callRoll } = await busTools();
    const services = service === undefined ? await knownServices(tools) : [service];
    const beyond = service === undefined;
    // The login took at least two ways there and back: an answer takes less, and so does a heartbeat.
    return visitBus(tools, (bus, _credentials, connectMs) =>
      callRoll(bus, clock, services, { beyond, listenMs: Math.max(listenMs, connectMs) }),
    );
  };
  return {
    wall: clock.wall,
    timeOfDay,
    follow: (url, until, follower) => followEvents(url, clock, until, follower),
    top: (named, screen, options) => {
      // The place that showed a board once is the one to wait for when it goes away.
      let place = places(named);
      const ask = async (): Promise<AskedMarket> => {
        const asked = await askMarket(place, clock);
        if (asked.kind === "board") place = { ...place, boards: [asked.url] };
        return asked;
      };
      return runTop({ ask, clock, screen, timeOfDay }, options);
    },
    roll,
    call: async (order) => {
      const { visitBus, callOnce } = await busTools();
      const timeoutMs = order.timeoutMs ?? settings.health.requestTimeoutMs;
      return visitBus(tools, (bus) => callOnce(bus, clock, { ...order, timeoutMs }));
    },
    fault: async (wish) => {
      const { visitBus, askOnBus } = await busTools();
      return visitBus(tools, async (bus, credentials) => {
        const mayAsk = maySendFaults(bus.requiresAuth, credentials);
        const asked = mayAsk ? await askOnBus(bus, wish) : NOBODY_ASKED;
        return { ...asked, mayAsk, holder: credentials?.name ?? "nobody" };
      });
    },
    believed: (named) => askMarket(places(named), clock),
    examine: async (named) =>
      (await tools.examiner())({
        ...tools,
        places: places(named),
        lookAtBus: () => probeBus(settings.natsUrls, clock),
        roll: () => roll(undefined),
      }),
  };
}

async function knownServices({ identity }: LiveTools): Promise<readonly string[]> {
  const found = await identity.describe();
  const own = found.kind === "done" ? (found.identity.current?.services ?? []) : [];
  return [...new Set([OWN_SERVICE, ...own.map(({ name }) => name)])];
}

const ownHosts = (): readonly string[] => [
  hostname(),
  ...Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map(({ address }) => address)),
];
