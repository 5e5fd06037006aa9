// One at a time, among processes any of which may be killed at any moment. A lock file would have to be broken when its
// holder is dead, and two who break it at once can both believe they hold it. So nobody's file is ever taken over: as in
// a bakery (Lamport's), each draws a number of its own, higher than those it sees, and the lowest living number is
// served. A file belongs to one process alone, so that whoever finds its owner dead may remove it, at any time.

import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../clock.ts";
import { makeFolder } from "../../program/folder.ts";

export type Locked =
  | { readonly kind: "locked"; release(): void }
  /** Somebody holds it for too long. */
  | { readonly kind: "busy"; readonly pid: number };

export interface LockOptions {
  /** A folder of its own. */
  readonly folder: string;
  readonly clock: Clock;
  readonly withinMs: number;
}

/** A file's name: `7.1234.56789.ab12cd`, which is the number, the process, when that began, and a word of its own. */
interface Ticket {
  readonly name: string;
  /** 0 while it is being drawn. */
  readonly number: number;
  readonly pid: number;
  readonly began: string;
}

/** For each that is served before: whoever is next looks often, and fifty who wait do not take the machine from the one. */
const LOOK_AFTER_MS = 8;
const LOOK_AFTER_AT_MOST_MS = 250;
const WORD_BYTES = 6;

/** @throws Error when the folder cannot be written */
export async function lock({ folder, clock, withinMs }: LockOptions): Promise<Locked> {
  makeFolder(folder);
  const mine = drawTicket(folder);
  const release = (): void => rmSync(join(folder, mine.name), { force: true });
  let giveUpAt = clock.now() + withinMs;
  let holder: string | undefined;
  for (;;) {
    const before = servedBefore(folder, mine);
    const [first] = before;
    if (first === undefined) return { kind: "locked", release };
    // A queue that moves is waited in; only one who holds it for too long is in the way.
    if (first.name !== holder) giveUpAt = clock.now() + withinMs;
    holder = first.name;
    if (clock.now() > giveUpAt) {
      release();
      return { kind: "busy", pid: first.pid };
    }
    const delayMs = Math.min(before.length * LOOK_AFTER_MS, LOOK_AFTER_AT_MOST_MS);
    await new Promise<void>((resolve) => clock.after(delayMs, resolve));
  }
}

/** Those that are served before us and live, the next one first. */
function servedBefore(folder: string, mine: Ticket): readonly Ticket[] {
  // Looked at twice: one look may miss whoever turns from "drawing" to a number in the middle of it.
  const seen = new Map([...readTickets(folder), ...readTickets(folder)].map((ticket) => [ticket.name, ticket]));
  const before = [...seen.values()].filter((other) => isServedBefore(other, mine)).sort(byTurn);
  const living = before.findIndex((other) => isAlive(folder, other));
  return living < 0 ? [] : before.slice(living);
}

const byTurn = (a: Ticket, b: Ticket): number => a.number - b.number || (a.name < b.name ? -1 : 1);

/** Whoever is still drawing may get a lower number than ours, so it is waited for. Pure. */
export function isServedBefore(other: Ticket, mine: Ticket): boolean {
  if (other.name === mine.name) return false;
  if (other.number === 0) return true;
  return other.number < mine.number || (other.number === mine.number && other.name < mine.name);
}

/** First a file that says "drawing", then the number: nobody can be served between our looking and our drawing. */
function drawTicket(folder: string): Ticket {
  const rest = `${process.pid}.${beganAt(process.pid) ?? "0"}.${randomBytes(WORD_BYTES).toString("hex")}`;
  const drawing = `0.${rest}`;
  writeFileSync(join(folder, drawing), "");
  try {
    const highest = Math.max(0, ...readTickets(folder).map(({ number }) => number));
    const name = `${highest + 1}.${rest}`;
    writeFileSync(join(folder, name), "");
    const mine = readTicket(name);
    if (mine === undefined) throw new Error(`lock: ${name} is no ticket`);
    return mine;
  } finally {
    rmSync(join(folder, drawing), { force: true });
  }
}

function readTickets(folder: string): readonly Ticket[] {
  return readdirSync(folder).flatMap((name) => readTicket(name) ?? []);
}

function readTicket(name: string): Ticket | undefined {
  const [, number, pid, began] = /^(\d+)\.(\d+)\.(\d+)\.[0-9a-f]+$/.exec(name) ?? [];
  if (number === undefined || pid === undefined || began === undefined) return undefined;
  return { name, number: Number(number), pid: Number(pid), began };
}

/** Whether the process that drew it still runs; if not, its ticket is thrown away. */
function isAlive(folder: string, { name, pid, began }: Ticket): boolean {
  if (runs(pid) && (beganAt(pid) ?? began) === began) return true;
  rmSync(join(folder, name), { force: true });
  return false;
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM"; // it is somebody else's
  }
}

/** When a process began, where the system tells (/proc): its number may be another's by now. A zombie began never. */
function beganAt(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? "zombie" : fields[19];
  } catch {
    return undefined;
  }
}
