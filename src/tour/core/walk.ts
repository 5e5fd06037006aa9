// The steps of the walk: one table for README, `make tour` and `make walkthrough`. The numbers are those of the original
// Datawire Market's walk.

/** One act of a person with windows and a browser. Window 4 is needed once. */
export type WalkAct =
  | { readonly window: 1 | 2 | 3 | 4; readonly type: string }
  | { readonly window: 1 | 2 | 3 | 4; readonly press: "^C" | "^Z" }
  | { readonly load: "the page" | "the page again" }
  | { readonly wait: "thirty seconds" };

export type StepId =
  | "monolith"
  | "connect"
  | "org"
  | "market"
  | "three"
  | "none"
  | "one"
  | "two"
  | "pause"
  | "again"
  | "resume"
  | "both"
  | "kill"
  | "end";

export interface WalkStep {
  readonly id: StepId;
  /** One for each act; empty for a step that the original numbers apart, or does not have. */
  readonly numbers: readonly number[];
  readonly title: string;
  readonly isOptional?: true;
  readonly acts: readonly WalkAct[];
  /** What is to be seen, in Markdown. */
  readonly shows: string;
  /** Lines of the programs, as examples. */
  readonly lines?: readonly string[];
  /** What follows the lines, in Markdown. */
  readonly note?: string;
}

export const WALK: readonly WalkStep[] = [
  {
    id: "monolith",
    numbers: [],
    title: "The monolith",
    acts: [{ window: 1, type: "make monolith" }, { load: "the page" }, { window: 1, press: "^C" }],
    shows: "The page has four products, each with a price and none with a rating. Each browser has a cart of its own.",
    lines: ["INFO:market:- open at http://localhost:5000 (the monolith: no ratings)"],
  },
  {
    id: "connect",
    numbers: [],
    title: "Datawire Connect",
    acts: [{ window: 1, type: "make datawire-connect" }],
    shows: "It makes `bin/dwc` ready, and names the commands of the next two steps.",
  },
  {
    id: "org",
    numbers: [],
    title: "An org",
    isOptional: true,
    acts: [
      { window: 1, type: 'bin/dwc create-org "My Test Org" YOUR-NAME YOUR-EMAIL' },
      { window: 1, type: "bin/dwc create-service ratings" },
    ],
    shows:
      "Without an org the bus is open to every program of this machine, and the Market logs that. With one the bus that the " +
      "Market starts admits the org's members and services alone. An org is files in `~/.datawire`, and nothing is sent " +
      "anywhere. The other steps are the same.",
  },
  {
    id: "market",
    numbers: [1, 2],
    title: "A shop without Ratings instances",
    acts: [{ window: 1, type: "make add-ratings" }, { load: "the page" }],
    shows:
      "The same four products are *not rated yet*, because no Ratings instance runs. The Market logs that for each. With an " +
      "org the second line is missing.",
    lines: [
      "INFO:bus:- nothing answered at nats://127.0.0.1:4222: started nats-server there (pid 20984), which stops with this process",
      "INFO:bus:- the bus at nats://127.0.0.1:4222 is open: anyone who reaches it can join; for one with logins, see  bin/dwc --help",
      "INFO:market:- the board is at http://localhost:5100/board, for this machine only",
      "INFO:market:- open at http://localhost:5000",
      "ASK for camera",
      "DEBUG:DWC:DWC resolving ratings",
      "DEBUG:DWC:DWC resolved ratings => []",
      "BAD camera: all services are down",
    ],
  },
  {
    id: "three",
    numbers: [3, 4],
    title: "Three instances",
    acts: [{ window: 2, type: "make startRatings COUNT=3" }, { load: "the page" }],
    shows:
      "Each is a process of its own. The Market receives their heartbeats (`INFO:membership:- ratings instance 1 joined: " +
      "nats:ratings.get.1-BXHl8UJ5tRsO`). The page has all ratings, marked *fresh*. Its link *the board*, at the foot, leads to " +
      "a card for each instance: keep it open.",
    lines: [
      "INFO:ratings:- instance 1 is up: pid 21263, nats:ratings.get.1-BXHl8UJ5tRsO",
      "INFO:ratings:- instance 2 is up: pid 21264, nats:ratings.get.2-5Hq4s00v2DLA",
      "INFO:ratings:- instance 3 is up: pid 21265, nats:ratings.get.3-iW3_zPZBrjMY",
    ],
  },
  {
    id: "none",
    numbers: [5, 6],
    title: "All of them fail",
    acts: [{ window: 2, press: "^C" }, { load: "the page" }],
    shows:
      "The ratings stay, each marked *last known* with its age and its instance. To a visitor an old rating is worth more " +
      "than none.",
    lines: [
      "INFO:membership:- ratings instance 1 is leaving: nats:ratings.get.1-BXHl8UJ5tRsO",
      "INFO:membership:- ratings instance 1 left: nats:ratings.get.1-BXHl8UJ5tRsO",
      "WAITED 0ms",
      "BAD camera: all services are down",
    ],
  },
  {
    id: "one",
    numbers: [7, 8],
    title: "One comes back",
    acts: [{ window: 2, type: "make startRatings INSTANCE=1" }, { load: "the page" }],
    shows: "Every request goes to it.",
    lines: [
      "ASK for camera",
      "DEBUG:DWC:DWC resolving ratings",
      "DEBUG:DWC:DWC resolved ratings => [nats:ratings.get.1-PJMQLG9DPFCc]",
      "INFO:resolver:- ratings using instance 1: nats:ratings.get.1-PJMQLG9DPFCc",
    ],
  },
  {
    id: "two",
    numbers: [9, 10],
    title: "And a second",
    acts: [{ window: 3, type: "make startRatings INSTANCE=2" }, { load: "the page" }],
    shows: "The two take turns.",
    lines: [
      "ASK for basketball",
      "DEBUG:DWC:DWC resolving ratings",
      "DEBUG:DWC:DWC resolved ratings => [nats:ratings.get.1-PJMQLG9DPFCc, nats:ratings.get.2-AP7huB_5qrds]",
      "INFO:resolver:- ratings using instance 1: nats:ratings.get.1-PJMQLG9DPFCc",
      "ASK for briefcase",
      "DEBUG:DWC:DWC resolving ratings",
      "DEBUG:DWC:DWC resolved ratings => [nats:ratings.get.1-PJMQLG9DPFCc, nats:ratings.get.2-AP7huB_5qrds]",
      "INFO:resolver:- ratings using instance 2: nats:ratings.get.2-AP7huB_5qrds",
    ],
  },
  {
    id: "pause",
    numbers: [11, 12],
    title: "One hangs",
    acts: [{ window: 3, press: "^Z" }, { load: "the page" }],
    shows:
      "Instance 2 is paused, not killed: it keeps its connection and its subscriptions, and answers nothing. The page waits " +
      "one second. Two of its ratings are *last known*.",
    lines: [
      "INFO:resolver:- ratings using instance 2: nats:ratings.get.2-AP7huB_5qrds",
      "INFO:resolver:- ratings instance 2 is late: it owes 2 answers for 258 ms: nats:ratings.get.2-AP7huB_5qrds",
      "WARNING:resolver:- OPEN breaker on [ratings at nats:ratings.get.2-AP7huB_5qrds] (request timed out)",
      "WAITED 1011ms",
      "BAD camera: request timed out",
      "GOT basketball: 2.1",
      "BAD briefcase: request timed out",
      "GOT football: 2.2",
    ],
  },
  {
    id: "again",
    numbers: [13],
    title: "No second wait",
    acts: [{ load: "the page again" }],
    shows:
      "Do it within thirty seconds of `^Z`. All four calls go to instance 1 and succeed, and the page does not wait.",
    lines: ["WAITED 2ms", "GOT camera: 4.5"],
  },
  {
    id: "resume",
    numbers: [14],
    title: "It wakes up",
    acts: [{ wait: "thirty seconds" }, { window: 3, type: "fg" }],
    shows:
      "Thirty seconds after `^Z` the Market counts the instance as lost: it has missed two heartbeats. The breaker has no part " +
      "in that. After `fg` the instance sends a heartbeat at once, and drops the requests that have expired (window 3).",
    lines: [
      "WARNING:membership:- ratings instance 2 lost: nats:ratings.get.2-AP7huB_5qrds (no heartbeat for 30.2 s)",
      "INFO:membership:- ratings instance 2 returned: nats:ratings.get.2-AP7huB_5qrds",
      "INFO:resolver:- CLOSE breaker on [ratings at nats:ratings.get.2-AP7huB_5qrds] (heartbeat)",
      "INFO:ratings:- instance 2 resumed after a pause of 34.2 s",
      "INFO:ratings:- instance 2 dropped 2 expired requests",
    ],
  },
  {
    id: "both",
    numbers: [15],
    title: "Both again",
    acts: [{ load: "the page" }],
    shows:
      "The two take turns again. Instance 2 is *on probation*, as the foot of the page says, until it has answered three " +
      "calls: a failure before that opens its breaker for twice as long.",
  },
  {
    id: "kill",
    numbers: [],
    title: "One is killed",
    acts: [{ window: 4, type: "kill -9 PID" }, { load: "the page" }],
    shows:
      "PID is that of instance 2: window 3 has it in its line `instance 2 is up: pid …`, and make reports `Killed` there. A " +
      'dead process is not a hung one. The bus reports "no responders" within a millisecond, and the same call goes on to ' +
      "instance 1.",
    lines: [
      "INFO:resolver:- ratings using instance 2: nats:ratings.get.2-AP7huB_5qrds",
      "WARNING:membership:- ratings instance 2 lost: nats:ratings.get.2-AP7huB_5qrds (no responders)",
      "DEBUG:DWC:DWC resolved ratings => [nats:ratings.get.1-PJMQLG9DPFCc]",
      "INFO:resolver:- ratings using instance 1: nats:ratings.get.1-PJMQLG9DPFCc",
      "WAITED 11ms",
      "GOT camera: 4.5",
    ],
    note: "([Faults on purpose](docs/commands.md#faults-on-purpose) do steps 5 to 15 and this one from one terminal.)",
  },
  {
    id: "end",
    numbers: [],
    title: "The end",
    acts: [
      { window: 2, press: "^C" },
      { window: 1, press: "^C" },
    ],
    shows: "Each ends in order, and the bus that the Market started ends with it.",
  },
];

/** The highest number: so many steps the walk has, by the original's count. */
export const LAST_NUMBER = Math.max(...WALK.flatMap(({ numbers }) => numbers));

/** @throws if the table has no such step */
export function stepOf(id: StepId): WalkStep {
  const step = WALK.find((one) => one.id === id);
  if (step === undefined) throw new Error(`walk: no step ${id}`);
  return step;
}

/** "3, 4. Three instances", as README and the walkthrough name a step. */
export const headingOf = ({ numbers, title }: WalkStep): string =>
  numbers.length === 0 ? title : `${numbers.join(", ")}. ${title}`;
