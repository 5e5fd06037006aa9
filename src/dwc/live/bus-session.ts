// Connects to the bus with the credentials of the state folder, runs one action, and disconnects. The login has a
// timeout, and a failed one has a hint.

import { whyNeverStarted } from "../../bus/server/core/succession.ts";
import type { Clock } from "../../clock.ts";
import { openBusOptions } from "../../program/open-bus.ts";
import { readBusAddress } from "../../protocol.ts";
import {
  type ConnectFailure,
  type Credentials,
  connectNatsBus,
  firstConclusiveResult,
  isAbsence,
  type NatsBus,
} from "../../service/index.ts";
import { otherPort, type Settings } from "../../settings.ts";
import { AS_PERSON, type BusView, hiddenBy, partNote, serviceOf, viewOf } from "../identity/core/bus-view.ts";
import { restart, START_ELSEWHERE, splitHint } from "../identity/core/sync-notes.ts";
import { isOrgElsewhere, loginIdentity } from "../identity/credentials.ts";
import { LOGIN_TIMEOUT_MS, STEP_TIMEOUT_MS } from "../identity/sync-bus.ts";
import { continueListener } from "./core/continue-hint.ts";
import type { BusResult, NotConnected } from "./core/live-types.ts";

export interface VisitOptions {
  readonly settings: Pick<Settings, "stateDir" | "natsCreds" | "natsUrls" | "openBus">;
  readonly clock: Clock;
}

/** Connects, runs `act` and disconnects. An exception of `act` is a bug, and is rethrown. */
export async function withBus<T>(
  { settings, clock }: VisitOptions,
  act: (bus: NatsBus, credentials: Credentials | undefined, connectMs: number) => Promise<T>,
): Promise<BusResult<T>> {
  // The credentials of a Market: they may call every service and receive all heartbeats.
  const identity = loginIdentity(settings, { kind: "market" });
  if (identity.kind === "refused") return out("bad-credentials", identity.why, "");
  const { credentials } = identity;
  const service = serviceOf(credentials);
  const hint = service === undefined ? identity.hint : newFileHint(service);
  const urls = settings.natsUrls;
  const startedAt = clock.now();
  const candidates = urls.map((url): AdmittedBus => {
    const notes: string[] = [];
    const bus = connectNatsBus({
      ...{ urls: [url], name: "dwc", clock, credentials, report: (note: string) => notes.push(note) },
      // Without a hint, the message about a subject that is denied says which right a service lacks.
      ...(service === undefined && { hint }),
      loginTimeoutMs: LOGIN_TIMEOUT_MS,
      ...openBusOptions(settings, identity),
    });
    return { bus, notes };
  });
  try {
    const entry = await firstEntry(candidates, clock);
    if (entry.kind === "none") return notIn(entry.attempt, settings, hint);
    const { bus, notes } = entry.candidate;
    const connectMs = clock.now() - startedAt;
    const full = nextLimit(bus);
    const value = await act(bus, credentials, connectMs);
    // A server closes the connection at a subscription above its limit, so the value may be incomplete.
    if (full.limit !== undefined) return outBy("bus-limited", full.limit);
    return {
      kind: "connected",
      value,
      secured: bus.requiresAuth === true,
      connectMs,
      notes,
    };
  } finally {
    await closeAll(candidates);
  }
}

const newFileHint = (service: string): string =>
  `ask the owner of its org for a new file (bin/dwc service-token ${service}), and set NATS_CREDS to it; or ${AS_PERSON}`;

/** What a visit is about: one service, or (undefined) all that the credentials show. */
type Shown = string | undefined;

/** The same for what the credentials show alone. What they hide is a failure that says what to type. */
export async function withView<T>(
  options: VisitOptions,
  service: Shown,
  act: (bus: NatsBus, view: BusView, connectMs: number) => Promise<T>,
): Promise<BusResult<T>> {
  const visited = await withBus(options, async (bus, credentials, connectMs) => {
    const view = viewOf(bus.requiresAuth === true, credentials);
    const hidden = hiddenBy(view, service);
    return hidden === undefined ? { view, value: await act(bus, view, connectMs) } : { hidden };
  });
  if (visited.kind === "not-connected") return visited;
  const { hidden, view, value } = visited.value;
  return hidden === undefined
    ? { ...visited, value, notes: [...(service === undefined ? partNote(view) : []), ...visited.notes] }
    : out("not-permitted", hidden.why, hidden.hint);
}

/** The message of the first limit that ends the connection from now on; undefined: none did. */
function nextLimit(bus: NatsBus): { readonly limit: string | undefined } {
  const met: { limit: string | undefined } = { limit: undefined };
  bus.watchAttempts((attempt) => {
    if (attempt.kind === "limited") met.limit ??= attempt.message;
  });
  return met;
}

/** A connection to one of the addresses. */
interface AdmittedBus {
  readonly bus: NatsBus;
  readonly notes: readonly string[];
}

type Entry =
  | { readonly kind: "admitted"; readonly candidate: AdmittedBus }
  /** No address admits the user; `attempt` is the one to report. */
  | { readonly kind: "none"; readonly attempt: ConnectFailure | undefined };

/**
 * The first address that admits the user. A bus with logins takes precedence over an open one. All addresses are
 * dialled at once: a dial of a paused server takes longer than the timeout, so in sequence the later addresses would
 * get no time. An open bus may belong to another program, so it is used only after each other address has answered or
 * timed out. Closes all other connections.
 */
async function firstEntry(candidates: readonly AdmittedBus[], clock: Clock): Promise<Entry> {
  const failures: (ConnectFailure | undefined)[] = [];
  const open: AdmittedBus[] = [];
  const admitted = await new Promise<AdmittedBus | undefined>((resolve, reject) => {
    const tryLogin = async (candidate: AdmittedBus): Promise<void> => {
      const attempt = await firstConclusiveResult(candidate.bus, 1, { clock, limitMs: STEP_TIMEOUT_MS });
      if (attempt?.kind !== "connected") failures.push(attempt);
      else if (candidate.bus.requiresAuth === true) resolve(candidate);
      else open.push(candidate);
      if (failures.length + open.length === candidates.length) resolve(open[0]);
    };
    for (const candidate of candidates) tryLogin(candidate).catch(reject);
  });
  if (admitted === undefined) return { kind: "none", attempt: mostTelling(failures) };
  await closeAll(candidates.filter((candidate) => candidate !== admitted));
  return { kind: "admitted", candidate: admitted };
}

/** The first failure with an answer of a server. "No server" is reported only if it is true of every address. */
function mostTelling(failures: readonly (ConnectFailure | undefined)[]): ConnectFailure | undefined {
  const answer = failures.find((failure) => failure !== undefined && !isAbsence(failure));
  if (answer !== undefined || failures.includes(undefined)) return answer;
  return failures.find((failure) => failure?.kind === "unresolved") ?? failures[0];
}

async function closeAll(candidates: readonly AdmittedBus[]): Promise<void> {
  await Promise.all(candidates.map(({ bus }) => bus.close()));
}

const out = (code: NotConnected["code"], why: string, hint: string): NotConnected => ({
  kind: "not-connected",
  code,
  why,
  hint,
});

const portOf = (urls: readonly string[]): number => readBusAddress(urls[0] ?? "").port;

/** From a sentence that ends in its hint. */
function outBy(code: NotConnected["code"], sentence: string): NotConnected {
  const [why, hint] = splitHint(sentence);
  return out(code, why, hint === "" ? "its log says why" : hint);
}

function startHint({ natsUrls, ...folder }: VisitOptions["settings"]): string {
  if (whyNeverStarted(natsUrls) !== undefined) return "what starts one:  bin/dwc check";
  return isOrgElsewhere(folder) ? `to start it, ${START_ELSEWHERE}` : "to start a bus with the Market:  make market";
}

function notIn(attempt: ConnectFailure | undefined, settings: VisitOptions["settings"], hint: string): NotConnected {
  const urls = settings.natsUrls;
  switch (attempt?.kind) {
    case undefined:
      return out("bus-silent", `no bus has accepted the login within ${STEP_TIMEOUT_MS} ms`, slowHint(urls));
    case "unreachable":
      return out("no-bus", urls.length > 1 ? "no address of the bus answers" : attempt.message, startHint(settings));
    case "unresolved":
      return outBy("no-bus", attempt.message);
    case "silent":
      return out("bus-silent", attempt.message, continueHint(urls));
    case "not-nats":
      return out(
        "not-nats",
        attempt.message,
        `for another port:  make market NATS_URL=nats://127.0.0.1:${otherPort(portOf(urls))}`,
      );
    case "open":
      return out("open-bus", attempt.message, restart(urls[0] ?? ""));
    case "refused":
      return refusedBy(attempt.message, hint, urls);
    case "limited":
    case "untrusted":
      return outBy("bus-limited", attempt.message);
    case "failed":
    case "lost":
      return attempt.isLate === true
        ? out("bus-silent", attempt.message, slowHint(urls))
        : out("bus-failed", attempt.message, "what is wrong:  bin/dwc check");
  }
}

const continueHint = (urls: readonly string[]): string =>
  `if it is paused, type  ${continueListener(readBusAddress(urls[0] ?? ""))}`;
const slowHint = (urls: readonly string[]): string => `if it is slow, try again; ${continueHint(urls)}`;

/** The sentence ends in its hint, which is printed on a line of its own here. */
function refusedBy(sentence: string, loginHint: string, urls: readonly string[]): NotConnected {
  const end = `; ${loginHint}`;
  const namesUser = urls.some((url) => readBusAddress(url).credentials !== undefined);
  const hint = namesUser ? `correct the login in NATS_URL, before its @; or ${loginHint}` : loginHint;
  return out("refused", sentence.endsWith(end) ? sentence.slice(0, -end.length) : sentence, hint);
}
