// The state in its file. Any process may read it at any time. One process at a time changes it, and never if it could
// not be read. Derived files (credentials, the server's files) are written after it. If a crash prevents that, the next
// change writes them.

import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { belongsTo } from "../../bus/nkey.ts";
import type { Clock } from "../../clock.ts";
import { makePrivateDir, removeTempFiles, writeFileAtomic } from "../../program/private-files.ts";
import { errorCode, messageOf } from "../../util/errors.ts";
import { fieldsOf, parseJson } from "../../util/json.ts";
import { shellWord } from "./core/names.ts";
import { parseState } from "./core/parse-state.ts";
import { userSeedIn } from "./core/schema.ts";
import { type Decision, EMPTY_STATE, type Org, type Refusal, refused, type State } from "./core/state.ts";
import { deriveFiles, paths } from "./derived-files.ts";
import { type Holder, lock } from "./lock.ts";

export type ReadState =
  | { readonly kind: "read"; readonly state: State }
  | { readonly kind: "unreadable"; readonly why: string };

const FORMAT = "datawire-market-identity";
const VERSION = 1;
/** Enough for 10,000 services; a longer file is not a state. */
const MAX_FILE_BYTES = 33_554_432;
/** How long one process may hold the lock. A change takes 0.1 s, or seconds if 50 processes start at once. */
const LOCK_TIMEOUT_MS = 30_000;

/** A folder without a state file has an empty state. Trouble with the file is a result, not an exception. */
export function readState(folder: string): ReadState {
  const path = paths.state(folder);
  try {
    const stat = statSync(path);
    // Reading a pipe in its place would block forever.
    if (!stat.isFile()) return unreadable(path, "it is not a file");
    if (stat.size > MAX_FILE_BYTES) return unreadable(path, `it is longer than ${MAX_FILE_BYTES} bytes`);
    return decode(path, readFileSync(path, "utf8"));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return { kind: "read", state: EMPTY_STATE };
    if (errorCode(error) !== "EACCES") return unreadable(path, messageOf(error));
    // For example, a file that root wrote through sudo. The state is intact, so no copy of it is needed.
    return unreadable(path, messageOf(error), `type  sudo chown -R "$USER" ${shellWord(folder)}  if it is yours`);
  }
}

function decode(path: string, content: string): ReadState {
  const { format, version, sum, state } = fieldsOf(parseJson(content));
  if (format !== FORMAT) return unreadable(path, "it is no state of this dwc, or damaged");
  if (version !== VERSION) return unreadable(path, "another version of dwc has written it");
  if (sum !== sumOf(state)) return unreadable(path, "it has been changed or damaged");
  const parsed = parseState(state);
  const where = parsed.kind === "mismatch" ? parsed.where : misfiledSeed(parsed.value);
  if (parsed.kind === "mismatch" || where !== undefined)
    return unreadable(path, `its part ${JSON.stringify(where)} is not as it should be`);
  return { kind: "read", state: parsed.value };
}

/** Detects a changed character here, before a key fails to match later. */
const sumOf = (state: unknown): string =>
  createHash("sha256")
    .update(JSON.stringify(state) ?? "")
    .digest("hex");

function encode(state: State): string {
  return `${JSON.stringify({ format: FORMAT, version: VERSION, sum: sumOf(state), state }, undefined, 1)}\n`;
}

function unreadable(path: string, why: string, hint = "put back a copy of it"): ReadState {
  return {
    kind: "unreadable",
    why: `${path} cannot be read (${why}): ${hint}, or set DWC_STATE to another folder; nothing was changed`,
  };
}

export interface ChangeOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly lockTimeoutMs?: number;
}

type StateChange<T extends object> = T & { readonly kind: "done"; readonly state: State };
/** `kept`: the state has the change, but a derived file could not be written. */
export type Changed<T extends object> = StateChange<T> | (Refusal & { readonly kept?: StateChange<T> });

/** Reads, decides and writes under the lock. A refusal by the decider writes nothing, and creates no folder. */
export async function changeState<T extends object>(
  { folder, clock, lockTimeoutMs = LOCK_TIMEOUT_MS }: ChangeOptions,
  decide: Decide<T>,
): Promise<Changed<T>> {
  try {
    const first = existsSync(paths.lock(folder)) ? undefined : await decideBefore(folder, decide);
    if (first?.kind === "over") return first.decision;
    makePrivateDir(folder);
    const locked = await lock({ path: paths.lock(folder), clock, timeoutMs: lockTimeoutMs });
    if (locked.kind === "busy") return refused("state-busy", busySentence(folder, locked.holder, lockTimeoutMs));
    if (locked.kind === "unable") return refused("state-unwritable", `${folder} cannot be locked, as ${locked.why}`);
    try {
      return await change(folder, first === undefined ? decide : unlessSame(first, decide), locked.isHeld);
    } finally {
      locked.release();
    }
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return refused(
      "state-unwritable",
      `${folder} cannot be written (${messageOf(error)}): correct that, or set DWC_STATE to another folder`,
    );
  }
}

type Decide<T extends object> = (state: State) => Decision<T> | Promise<Decision<T>>;

type Before<T extends object> =
  /** There is nothing to write. */
  | { readonly kind: "over"; readonly decision: Decision<T> }
  | { readonly kind: "to write"; readonly state: State; readonly decision: Decision<T> };

/** Decides without the lock in a folder without a lock file, so that a command that changes nothing creates nothing. */
async function decideBefore<T extends object>(folder: string, decide: Decide<T>): Promise<Before<T>> {
  const read = readState(folder);
  if (read.kind === "unreadable") return { kind: "over", decision: refused("state-unreadable", read.why) };
  const { state } = read;
  const decision = await decide(state);
  const isOver = decision.kind === "refused" || (state === EMPTY_STATE && decision.state === state);
  return { kind: isOver ? "over" : "to write", state, decision };
}

/** Keeps the decision if there is still no state: it made new keys, which takes time. */
const unlessSame =
  <T extends object>({ state, decision }: Before<T> & { readonly kind: "to write" }, decide: Decide<T>): Decide<T> =>
  (now) =>
    state === EMPTY_STATE && now === state ? decision : decide(now);

async function change<T extends object>(folder: string, decide: Decide<T>, isHeld: () => boolean): Promise<Changed<T>> {
  const before = readState(folder);
  if (before.kind === "unreadable") return refused("state-unreadable", before.why);
  const decision = await decide(before.state);
  if (decision.kind === "refused") return decision;
  if (!isHeld())
    return refused(
      "state-busy",
      `${paths.lock(folder)} was removed meanwhile, and nothing was changed here: type it again`,
    );
  removeTempFiles(paths.tempFiles(folder));
  if (decision.state !== before.state)
    writeFileAtomic(paths.tempFiles(folder), paths.state(folder), encode(decision.state));
  try {
    deriveFiles(folder, decision.state);
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return { ...refused("state-unwritable", underivedSentence(folder, error)), kept: decision };
  }
  return decision;
}

const underivedSentence = (folder: string, error: unknown): string =>
  `${paths.state(folder)} is written, but a file that follows from it cannot be (${messageOf(error)}): type  bin/dwc nats-config  once that is mended`;

/** A stopped process reacts to SIGCONT and SIGKILL only. However it ends, the state is the old or the new one. */
function busySentence(folder: string, holder: Holder | undefined, waitedMs: number): string {
  const what = `has been changing ${folder} for ${waitedMs / 1000} s`;
  if (holder === undefined) return `another dwc ${what}: wait for it`;
  const { pid, host, isHere } = holder;
  if (!isHere) return `another dwc, process ${pid} in a container or on a host called ${host}, ${what}: end it there`;
  return `another dwc (pid ${pid}) ${what}; if it is stopped, kill -CONT ${pid} lets it finish; to end it: type  kill -KILL ${pid}`;
}

// Checks the seeds in a state file against their public keys. With the seed of another key each command would report
// success, but no server would accept its signatures. An admin's seed has no public key in the state, so it is not
// checked here.

/**
 * The path of the first seed that does not match its key, such as `orgs.0.authority.accountSeed`; undefined: all match.
 */
export function misfiledSeed({ operator, orgs }: State): string | undefined {
  if (operator !== null && !belongsTo(operator.seed, operator.trust.operatorKey)) return "operator.seed";
  if (operator !== null && !belongsTo(operator.systemSeed, operator.trust.systemAccount)) return "operator.systemSeed";
  for (const [at, org] of orgs.entries()) {
    const part = misfiledSeedIn(org);
    if (part !== undefined) return `orgs.${at}.${part}`;
  }
  return undefined;
}

function misfiledSeedIn({ account, authority, me, services }: Org): string | undefined {
  if (authority.kind === "owner" && !belongsTo(authority.accountSeed, account)) return "authority.accountSeed";
  if (!belongsTo(userSeedIn(me.creds), me.publicKey)) return "me.creds";
  const at = services.findIndex(({ creds, publicKey }) => !belongsTo(userSeedIn(creds), publicKey));
  return at < 0 ? undefined : `services.${at}.creds`;
}
