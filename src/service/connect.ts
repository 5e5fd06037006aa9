// A connection to the bus for a program without settings of its own: the variables that `dwc` names, and defaults.

import { untilConnected } from "../bus/bus.ts";
import { readBusAddress } from "../bus/core/bus-address.ts";
import { BusHistory } from "../bus/core/open-bus.ts";
import { BUS_RULES } from "../bus/core/option-rules.ts";
import { credentialsSource, outdatedMessage, readCredentialsFile } from "../bus/credentials-file.ts";
import { connectNatsBus, type NatsBus, type NatsBusOptions } from "../bus/nats-bus.ts";
import { whyNeverStarted } from "../bus/server/core/succession.ts";
import { defaultClock } from "../clock.ts";
import { readBusSettings } from "../settings.ts";
import type { Env } from "../util/environment.ts";
import { aText, aWholeNumber, checkOptions, optional, type Rules } from "../util/options.ts";
import { withoutUserinfos } from "../util/printable.ts";

type GivenBusOptions = { readonly [Name in Exclude<keyof NatsBusOptions, "urls">]?: NatsBusOptions[Name] | undefined };

/** The options of `connectBus`. Without any, NATS_URL and NATS_CREDS count. */
export type ConnectOptions = GivenBusOptions & {
  /** The addresses of one cluster, separated by commas. Default: NATS_URL, or this machine and the default port. */
  readonly urls?: string | undefined;
  /**
   * The path of a credentials file. Default: NATS_CREDS, unless there are `credentials` or an `authenticator`. The file is
   * read now, and again before each login. With `connection` they only name the reply subjects, and NATS_CREDS is not read.
   */
  readonly creds?: string | undefined;
  /** How long to wait for the first connection before the promise resolves without one. */
  readonly waitMs?: number | undefined;
};

/** Shared by the connections of this process: whether a server had logins holds for the next connection as well. */
const processHistory = new BusHistory();

const NOTHING_YET = { kind: "unreachable", message: "no server has answered yet" };

/** A reachable server greets in milliseconds. After this time the program reports what it waits for. */
const FIRST_CONNECT_MS = 3_000;
/** A program that waits longer wants to wait for ever, and the bus goes on to dial all the same. */
const MAX_WAIT_MS = 3_600_000;

/**
 * Connects to the bus: `connectBus()` as NATS_URL and NATS_CREDS say, `connectBus("nats://…")`, or `connectBus({ creds })`.
 * `connectBus({ connection })` uses a connection of the program's own. Its `creds` then only name the reply subjects.
 * Resolves once connected. Without a bus it reports that, resolves all the same, and keeps dialling. The reply subjects
 * follow from the credentials.
 * @throws TypeError for an option that breaks its rule: its name, its value and the rule
 * @throws Error when an address or a path is invalid, when the credentials file cannot be used or is of an earlier version,
 * and when the server refuses the first login, or is open and must not be joined
 */
export async function connectBus(given?: string | ConnectOptions, more: ConnectOptions = {}): Promise<NatsBus> {
  const { urls: typed, creds, waitMs = FIRST_CONNECT_MS, ...options } = optionsOf(given, more);
  const { connection } = options;
  if (connection !== undefined && typed !== undefined)
    throw new TypeError("urls is of no use with connection, which is connected already");
  const { urls, natsCreds } =
    connection === undefined ? settingsOf(typed, process.env) : settingsOf(connection.getServer(), {});
  const clock = options.clock ?? defaultClock();
  const report = options.report ?? ((sentence: string) => console.error(`bus: ${sentence}`));
  const history = options.history ?? processHistory;
  const login = loginOf({ ...options, creds }, natsCreds);
  const bus = connectNatsBus({
    ...options,
    reportOpen: options.reportOpen ?? ((warning) => report(`WARNING: ${warning}`)),
    ...(connection === undefined ? login : nameOnly(login.credentials ?? options.credentials)),
    history,
    urls,
    name: options.name ?? "service",
    clock,
    report,
  });
  const connected = await untilAdmitted(bus, untilConnected(bus, { clock, limitMs: waitMs }));
  const failure = bus.lastFailure ?? NOTHING_YET;
  if (!connected) report(failure.message + (failure.kind === "unreachable" ? startHint(urls) : ""));
  return bus;
}

/** The connection is logged in. Credentials name its reply subjects. */
const nameOnly = (credentials: ConnectOptions["credentials"]): Pick<NatsBusOptions, "credentials" | "hint"> =>
  credentials === undefined
    ? { hint: "with credentials of dwc, name them beside the connection: connectBus({ connection, creds })" }
    : { credentials };

const RULES: Rules<ConnectOptions> = {
  ...optional(BUS_RULES),
  urls: {
    must: "a text: the addresses of one cluster, separated by commas",
    fits: (value) => typeof value === "string",
  },
  creds: { ...aText, must: "the path of a credentials file" },
  waitMs: aWholeNumber(0, MAX_WAIT_MS),
};

/** An option of the first argument takes precedence over the same one of the second. */
function optionsOf(given: string | ConnectOptions | undefined = {}, more: ConnectOptions): ConnectOptions {
  const both: readonly ConnectOptions[] = [
    more,
    typeof given === "string" ? { urls: given } : (given as ConnectOptions),
  ];
  for (const options of both) checkOptions("connectBus", options, RULES);
  return Object.fromEntries(both.flatMap(Object.entries).filter(([, value]) => value !== undefined));
}

/** The options of the caller, and else the environment. */
function settingsOf(
  urls: string | undefined,
  env: Env,
): { readonly urls: readonly string[]; readonly natsCreds: string | undefined } {
  const read = readBusSettings(urls === undefined ? env : { ...env, NATS_URL: urls });
  if (read.kind === "refused") throw new Error(read.problems.join("; "));
  return read;
}

/**
 * Only the operator can change that a server refuses the login, or is open where none may be joined. So the connection is
 * closed then, as the program would wait for ever.
 */
async function untilAdmitted(bus: NatsBus, connecting: Promise<boolean>): Promise<boolean> {
  const refusal = new Promise<string>((resolve) => {
    const stop = bus.watchAttempts((attempt) => {
      if (attempt.kind === "connected") stop();
      if (attempt.kind === "refused" || attempt.kind === "open") resolve(loginMessage(bus, attempt));
    });
    void connecting.then(stop);
  });
  const result = await Promise.race([connecting, refusal]);
  if (typeof result === "boolean") return result;
  await bus.close();
  throw new Error(result);
}

function loginMessage(
  { credentials }: NatsBus,
  { kind, message }: { readonly kind: string; readonly message: string },
) {
  if (kind !== "refused") return message;
  return credentials === undefined
    ? `${message}; type  bin/dwc create-service SERVICE , and set NATS_CREDS to the file that it names`
    : `${message}; ask the owner of the org for a new file, which  bin/dwc service-token ${credentials.name}  prints`;
}

/** The command that starts a server on this machine, for an address without TLS and logins. */
function startHint(urls: readonly string[]): string {
  const { host, port } = readBusAddress(urls[0] ?? "");
  return whyNeverStarted(urls) === undefined ? `: start one with  nats-server -a ${host} -p ${port}` : "";
}

type Login = Pick<ConnectOptions, "creds" | "credentials" | "authenticator">;

/** @param natsCreds the value of NATS_CREDS */
function loginOf(
  { creds, credentials, authenticator }: Login,
  natsCreds: string | undefined,
): Partial<Pick<NatsBusOptions, "credentials" | "readAgain">> {
  if (creds !== undefined) return credentialsOf(creds, creds);
  const isGiven = credentials !== undefined || authenticator !== undefined;
  return isGiven || natsCreds === undefined ? {} : credentialsOf(natsCreds, `NATS_CREDS=${natsCreds}`);
}

/** @param name of the file, for messages */
function credentialsOf(path: string, name: string): Required<Pick<NatsBusOptions, "credentials" | "readAgain">> {
  const read = readCredentialsFile(path);
  if (read.kind === "bad") throw new Error(withoutUserinfos(`${name} ${read.why}`));
  if (read.credentials.isOutdated)
    throw new Error(outdatedMessage(`${withoutUserinfos(name)} holds credentials that were`));
  return { credentials: read.credentials, readAgain: credentialsSource(path, name) };
}
