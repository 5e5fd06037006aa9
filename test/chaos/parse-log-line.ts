// Parses the lines of Markets, instances and the shopper: a line in, an event out.

export type LogEvent =
  | { readonly kind: "got" }
  | { readonly kind: "bad"; readonly why: string }
  | { readonly kind: "using" | "opened" | "closed" | "retest"; readonly instance: number }
  | { readonly kind: "joined" | "returned" | "lost" | "draining" | "left"; readonly instance: number }
  | { readonly kind: "bus"; readonly connected: boolean };

type InstanceKind = Extract<LogEvent, { instance: number }>["kind"];

const BREAKER: Readonly<Record<string, InstanceKind>> = { OPEN: "opened", CLOSE: "closed", RETEST: "retest" };
const MEMBERSHIP: Readonly<Record<string, InstanceKind>> = {
  joined: "joined",
  returned: "returned",
  lost: "lost",
  "is leaving": "draining",
  left: "left",
};

/** @returns undefined for a line that is not about the health of ratings */
export function parseMarketLine(line: string): LogEvent | undefined {
  if (line.startsWith("GOT ")) return { kind: "got" };
  const why = /^BAD \S+: (.*)$/.exec(line)?.[1];
  if (why !== undefined) return { kind: "bad", why };
  if (line.startsWith("INFO:bus:- connected")) return { kind: "bus", connected: true };
  if (line.startsWith("WARNING:bus:- disconnected")) return { kind: "bus", connected: false };
  return readUse(line) ?? readBreaker(line) ?? readMembership(line);
}

/** @returns undefined for a line that is not about the instance's connection to the bus */
export function parseInstanceLine(line: string): LogEvent | undefined {
  if (/^INFO:ratings:- instance \d+ is (up|back)\b/.test(line)) return { kind: "bus", connected: true };
  if (/^WARNING:ratings:- instance \d+ lost the bus\b/.test(line)) return { kind: "bus", connected: false };
  return undefined;
}

function readUse(line: string): LogEvent | undefined {
  const instance = /^INFO:resolver:- ratings using instance (\d+): /.exec(line)?.[1];
  return instance === undefined ? undefined : { kind: "using", instance: Number(instance) };
}

function readBreaker(line: string): LogEvent | undefined {
  const [, verb = "", instance] = /^\w+:resolver:- (\w+) breaker on \[ratings at \S+\.(\d+)-/.exec(line) ?? [];
  const kind = BREAKER[verb];
  return kind === undefined ? undefined : { kind, instance: Number(instance) };
}

function readMembership(line: string): LogEvent | undefined {
  const [, instance, verb = ""] = /^\w+:membership:- ratings instance (\d+) (is leaving|\w+): /.exec(line) ?? [];
  const kind = MEMBERSHIP[verb];
  return kind === undefined ? undefined : { kind, instance: Number(instance) };
}

/** One page load of the shopper. */
export interface PageResult {
  /** The Market's number. */
  readonly market: number;
  /** Undefined for a complete page. */
  readonly error: string | undefined;
  readonly blank: number;
  readonly tookMs: number;
}

export function parsePageResult(line: string): PageResult | undefined {
  try {
    const { market, error, blank, tookMs } = Object(JSON.parse(line));
    if (![market, blank, tookMs].every((value) => typeof value === "number")) return undefined;
    return { market, blank, tookMs, error: typeof error === "string" ? error : undefined };
  } catch {
    return undefined;
  }
}

/** @param thingCount how many things a page shows */
export function judgePage(status: number, html: string, thingCount: number): Pick<PageResult, "error" | "blank"> {
  const count = (pattern: RegExp): number => html.match(pattern)?.length ?? 0;
  const blank = count(/Not rated yet/g);
  const rated = count(/class="rating-text"/g);
  if (status !== 200) return { error: `status ${status}`, blank };
  // A page that ends early is an error, and so is one that this program can no longer read.
  if (blank + rated !== thingCount || !html.includes("</html>")) return { error: "not whole", blank };
  return { error: undefined, blank };
}
