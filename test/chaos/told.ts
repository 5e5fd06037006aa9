// What a line of a Market, an instance or the shopper says, as a value. A line in, an event out.

export type Told =
  | { readonly kind: "got" }
  | { readonly kind: "bad"; readonly why: string }
  | { readonly kind: "using" | "opened" | "closed" | "retest"; readonly instance: number }
  | { readonly kind: "joined" | "returned" | "lost" | "draining" | "left"; readonly instance: number }
  | { readonly kind: "bus"; readonly connected: boolean };

type InstanceKind = Extract<Told, { instance: number }>["kind"];

const BREAKER: Readonly<Record<string, InstanceKind>> = { OPEN: "opened", CLOSE: "closed", RETEST: "retest" };
const MEMBERSHIP: Readonly<Record<string, InstanceKind>> = {
  joined: "joined",
  returned: "returned",
  lost: "lost",
  "is leaving": "draining",
  left: "left",
};

/** A line of a Market; undefined when it says nothing of its ratings' health. */
export function readMarketLine(line: string): Told | undefined {
  if (line.startsWith("GOT ")) return { kind: "got" };
  const why = /^BAD \S+: (.*)$/.exec(line)?.[1];
  if (why !== undefined) return { kind: "bad", why };
  if (line.startsWith("INFO:bus:- connected")) return { kind: "bus", connected: true };
  if (line.startsWith("WARNING:bus:- disconnected")) return { kind: "bus", connected: false };
  return readUse(line) ?? readBreaker(line) ?? readMembership(line);
}

/** A line of an instance; only what it says of its own place on the bus counts. */
export function readInstanceLine(line: string): Told | undefined {
  if (/^INFO:ratings:- instance \d+ is (up|back)\b/.test(line)) return { kind: "bus", connected: true };
  if (/^WARNING:ratings:- instance \d+ lost the bus\b/.test(line)) return { kind: "bus", connected: false };
  return undefined;
}

function readUse(line: string): Told | undefined {
  const instance = /^INFO:resolver:- ratings using instance (\d+): /.exec(line)?.[1];
  return instance === undefined ? undefined : { kind: "using", instance: Number(instance) };
}

function readBreaker(line: string): Told | undefined {
  const [, verb = "", instance] = /^\w+:resolver:- (\w+) breaker on \[ratings at \S+\.(\d+)-/.exec(line) ?? [];
  const kind = BREAKER[verb];
  return kind === undefined ? undefined : { kind, instance: Number(instance) };
}

function readMembership(line: string): Told | undefined {
  const [, instance, verb = ""] = /^\w+:membership:- ratings instance (\d+) (is leaving|\w+): /.exec(line) ?? [];
  const kind = MEMBERSHIP[verb];
  return kind === undefined ? undefined : { kind, instance: Number(instance) };
}

/** What a shopper saw of one page. */
export interface PageSeen {
  /** The Market's number. */
  readonly market: number;
  /** What was wrong with it; undefined: it came, and whole. */
  readonly error: string | undefined;
  readonly blank: number;
  readonly tookMs: number;
}

export function readPageSeen(line: string): PageSeen | undefined {
  try {
    const { market, error, blank, tookMs } = Object(JSON.parse(line));
    if (![market, blank, tookMs].every((value) => typeof value === "number")) return undefined;
    return { market, blank, tookMs, error: typeof error === "string" ? error : undefined };
  } catch {
    return undefined;
  }
}

/** @param thingCount how many things a page shows */
export function judgePage(status: number, html: string, thingCount: number): Pick<PageSeen, "error" | "blank"> {
  const count = (pattern: RegExp): number => html.match(pattern)?.length ?? 0;
  const blank = count(/Not rated yet/g);
  const rated = count(/class="rating-text"/g);
  if (status !== 200) return { error: `status ${status}`, blank };
  // A page that ends early is an error, and so is one that this program can no longer read.
  if (blank + rated !== thingCount || !html.includes("</html>")) return { error: "not whole", blank };
  return { error: undefined, blank };
}
