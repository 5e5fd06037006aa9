// A connection to the bus for a program without settings of its own: an address as a person types it, and defaults.

import { untilConnected } from "../bus/bus.ts";
import { readBusAddress } from "../bus/core/bus-address.ts";
import { BusHistory } from "../bus/core/open-bus.ts";
import { whyNeverStarted } from "../bus/core/succession.ts";
import { credentialsSource, outdatedMessage, readCredentialsFile } from "../bus/credentials-file.ts";
import { connectNatsBus, type NatsBus, type NatsBusOptions } from "../bus/nats-bus.ts";
import { defaultClock } from "../clock.ts";
import { readNatsUrls } from "../settings.ts";
import { withoutUserinfos } from "../util/printable.ts";

export type ConnectOptions = Partial<Omit<NatsBusOptions, "urls">> & {
  /** The path of a credentials file. It is read now, and again before each login. */
  readonly credentialsFile?: string;
  /** How long to wait for the first connection before the promise resolves without one. */
  readonly waitMs?: number;
};

/** Shared by the connections of this process: whether a server had logins holds for the next connection as well. */
const processHistory = new BusHistory();

const NOTHING_YET = { kind: "unreachable", message: "no server has answered yet" };

/** A reachable server greets in milliseconds. After this time the program reports what it waits for. */
const FIRST_CONNECT_MS = 3_000;

/**
 * Connects to the bus at `urls`: the addresses of one cluster, separated by commas. Default: this machine, default port.
 * Resolves once connected. Without a bus it reports that, resolves all the same, and keeps dialling.
 * @throws Error when an address is invalid, or the credentials file cannot be used or is of an earlier version
 */
export async function connectBus(urls?: string, options: ConnectOptions = {}): Promise<NatsBus> {
  const read = readNatsUrls(urls);
  if (read.kind === "refused") throw new Error(read.problems.join("; "));
  const clock = options.clock ?? defaultClock();
  const report = options.report ?? ((sentence: string) => console.error(`bus: ${sentence}`));
  const history = options.history ?? processHistory;
  const file = options.credentialsFile;
  const identity = file === undefined ? {} : credentialsOf(file);
  const bus = connectNatsBus({
    reportOpen: (warning) => report(`WARNING: ${warning}`),
    ...options,
    ...identity,
    history,
    urls: read.urls,
    name: options.name ?? "service",
    clock,
    report,
  });
  const connected = await untilConnected(bus, { clock, limitMs: options.waitMs ?? FIRST_CONNECT_MS });
  const failure = bus.lastFailure ?? NOTHING_YET;
  if (!connected) report(failure.message + (failure.kind === "unreachable" ? startHint(read.urls) : ""));
  return bus;
}

/** The command that starts a server on this machine, for an address without TLS and logins. */
function startHint(urls: readonly string[]): string {
  const { host, port } = readBusAddress(urls[0] ?? "");
  return whyNeverStarted(urls) === undefined ? `: start one with  nats-server -a ${host} -p ${port}` : "";
}

function credentialsOf(path: string): Required<Pick<NatsBusOptions, "credentials" | "readAgain">> {
  const read = readCredentialsFile(path);
  if (read.kind === "bad") throw new Error(withoutUserinfos(`${path} ${read.why}`));
  if (read.credentials.isOutdated)
    throw new Error(outdatedMessage(`${withoutUserinfos(path)} holds credentials that were`));
  return { credentials: read.credentials, readAgain: credentialsSource(path, path) };
}
