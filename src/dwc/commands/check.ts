// `dwc check`: checks everything that could be wrong. Its rules turn each fact into a finding with a severity and the
// command that fixes it. The rules about bus and Market are in check-bus.ts and check-market.ts.

import type { Command, CommandContext } from "../cli/core/command.ts";
import type { Line } from "../cli/core/result.ts";
import { quoteName, shellQuoted, shellWord } from "../identity/core/names.ts";
import type { Outdated } from "../identity/core/outdated.ts";
import { splitHint } from "../identity/core/sync-notes.ts";
import { isOwnMake, MARKET_OPTION, wrongMarket } from "../live/core/failures.ts";
import type { DiscoveredInstance } from "../live/core/live-types.ts";
import type { Facts, KnownFacts } from "../live/facts.ts";
import { hasBus, judgeBus } from "./check-bus.ts";
import { failingHint, faultsOn, judgeMarket, judgeView, silentInstances } from "./check-market.ts";
import {
  type Finding,
  findingJson,
  findingLines,
  findingOf,
  GRADES,
  type Group,
  grouped,
  groupLines,
  type Severity,
  worstOf,
} from "./finding.ts";
import { availableWidth, isSelfFailing, nameOf, selfFailingWords } from "./format.ts";

export const check: Command = {
  name: "check",
  isLive: true,
  summary: "what is wrong: bus, identity, instances, Market, versions; and what to type",
  about: [
    "Exit code as monitoring has it: 0 fine, 1 warning, 2 critical, 3 unknown, which is also that of wrong usage.",
    "It changes nothing, and takes 3 s at most; of a slow bus each answer is waited for as long as by push.",
  ],
  failsWith: 3,
  args: [],
  options: [MARKET_OPTION],
  example: "bin/dwc check",
  run: async (call, context) => {
    const wrong = wrongMarket(call.values.get("market"));
    if (wrong !== undefined) return wrong;
    const { live, screen } = context;
    const market = call.values.get("market");
    const facts =
      screen.isTerminal && !call.flags.has("json") ? collectShown(context, market) : live.collectFacts(market);
    const findings = evaluateChecks(await facts);
    const worst = worstOf(findings);
    return {
      kind: "done",
      lines: findingLines(findings, availableWidth(context.screen)),
      notes: [],
      json: { grade: worst, findings: findings.map(findingJson) },
      exitCode: GRADES[worst].exitCode,
      ifUnwritten: "read-only",
    };
  },
};

// The rules of `dwc check`: each fact becomes a finding with a severity and the command that fixes it.

/** The minimal version in package.json. */
export const MIN_NODE = "20.19.0";
/** The first version that reports "no responders" to a caller at once. */
export const MIN_SERVER = "2.2.0";

export const evaluateChecks = (facts: Facts): readonly Finding[] => PARTS.flatMap(({ judge }) => judge(facts));

/** A group of findings, and the facts that its rules read. */
interface Part {
  readonly group: string;
  readonly needs: readonly (keyof Facts)[];
  judge(facts: Facts): readonly Finding[];
}

const PARTS: readonly Part[] = [
  { group: "Bus", needs: ["probes", "roll", "obedience", "identity", "server", "market"], judge: judgeBus },
  { group: "Identity", needs: ["identity", "probes"], judge: judgeIdentity },
  {
    group: "Instances",
    needs: ["roll", "probes", "board", "market"],
    judge: (facts) => [...judgeInstances(facts), ...judgeView(facts)],
  },
  {
    group: "Market",
    needs: ["market", "roll", "board", "probes", "server", "identity", "port"],
    judge: (facts) => [judgeMarket(facts)],
  },
  {
    group: "Machine",
    needs: ["nodeVersion", "server", "probes"],
    judge: (facts) => [judgeNode(facts.nodeVersion), judgeServer(facts)],
  },
];

/** The findings of the groups whose facts have come, and which groups wait. */
export function linesSoFar(known: KnownFacts, room: number): readonly Line[] {
  return PARTS.flatMap(({ group, needs, judge }) =>
    needs.every((name) => name in known)
      ? groupLines(group, judge(known as Facts), room)
      : [group, { text: "  … waits for an answer", tone: "faint" as const }],
  );
}

/** Shows the groups at once, and their findings as the facts come. */
function collectShown({ live, screen }: CommandContext, market: string | undefined): Promise<Facts> {
  const show = (known: KnownFacts): void => screen.showMeanwhile(linesSoFar(known, availableWidth(screen)));
  show({});
  return live.collectFacts(market, show);
}

const self = findingOf("Identity");

function judgeIdentity({ identity, probes }: Facts): readonly Finding[] {
  const requiresAuth = probes.some((probe) => probe.kind === "bus" && probe.secured);
  const { state, folder, org, tooOpen, expired, outdated = [], trouble } = identity;
  if (typeof state === "object") return [self("critical", ...splitHint(state.unreadable))];
  const found: Finding[] = [];
  if (state === "absent" && identity.isOrgElsewhere === true)
    found.push(self("fine", `the credentials are those in NATS_CREDS, and there is no org here (${folder})`));
  else if (state === "absent")
    found.push(self("fine", `there is no org here (${folder})${requiresAuth ? "" : ", and an open bus needs none"}`));
  else if (org === undefined) found.push(loggedOut(identity));
  else found.push(self("fine", `logged in as ${org.email}, of ${quoteName(org.name)} (${folder})`));
  for (const { path, isFolder } of tooOpen)
    found.push(self("warning", `others may read ${path}`, `chmod ${isFolder ? "700" : "600"} ${shellQuoted(path)}`));
  for (const { whose, since, renew } of expired)
    found.push(self("critical", `the credentials of ${whose} have expired (${since})`, renew));
  for (const { whose, why, renew } of outdated)
    found.push(self(OUTDATED[why].grade, `the credentials of ${whose} ${OUTDATED[why].what}`, renew));
  if (trouble !== undefined) found.push(self("critical", ...splitHint(trouble)));
  if (state !== "absent" && tooOpen.length === 0) found.push(self("fine", "only you can read it"));
  return found;
}

/** After a logout the folder has no login. */
function loggedOut({ folder, logins = [] }: Facts["identity"]): Finding {
  const [first, ...others] = logins;
  if (first === undefined) return self("fine", `there is no org here any more (${folder})`);
  const more = others.length > 0 ? "   (others:  bin/dwc status)" : "";
  return self(
    "warning",
    `you are logged out (${folder})`,
    `bin/dwc login ${shellWord(first.email)} --org-id ${first.id}${more}`,
  );
}

const OUTDATED: Readonly<Record<Outdated, { readonly grade: Severity; readonly what: string }>> = {
  "answers anywhere": {
    grade: "critical",
    what: "let their holder publish on any subject: forge ratings and heartbeats, and stop instances",
  },
  "no longer admitted": { grade: "critical", what: "are refused: their key, or the key that signed them, was revoked" },
  "other permissions": { grade: "warning", what: "have the permissions of an earlier dwc" },
  "revoked until 2099": {
    grade: "warning",
    what: "can be admitted again: an earlier dwc revoked them until 2099, and an admin can date a token later",
  },
  "not notified": {
    grade: "warning",
    what: "are of an org that an earlier dwc made: its members receive no revocations",
  },
};

const instances = findingOf("Instances");

function judgeInstances(facts: Facts): readonly Finding[] {
  const { roll } = facts;
  if (roll.kind === "not-connected") {
    const isIn = roll.code === "not-permitted";
    const why = !hasBus(facts) ? "the bus is disconnected" : isIn ? roll.why : "the bus does not let us in";
    return [instances("unknown", `could not be queried: ${why}`)];
  }
  if (roll.value.length === 0) {
    const { known, hint } = silentInstances(facts);
    const isPaused =
      known === 0 ? "" : `, though the Market knows ${known}: ${known === 1 ? "is it" : "are they"} paused?`;
    return [instances("warning", `no instance of ratings answers the roll call${isPaused}`, hint)];
  }
  const up = roll.value.filter(({ state }) => state === "up");
  const leaving = roll.value.filter(({ state }) => state === "draining");
  const services = [...new Set(up.map(({ service }) => service))];
  return [
    ...services.map((service) => instances("fine", upSentence(service, up))),
    ...firstOf(
      grouped(
        up.filter((one) => isSelfFailing(one) && !isFailingAtMarket(one, facts)),
        nameOf,
      ),
      (same) => failingFinding(same, facts),
    ),
    ...firstOf(grouped(leaving, nameOf), leavingFinding),
    ...firstOf(
      grouped(up, nameOf).filter(({ length }) => length > 1),
      (same) => clashFinding(same, up),
    ),
  ];
}

/** More findings of one kind have one cause. On an open bus any client can send heartbeats under any number. */
const MAX_LISTED = 8;

function firstOf(groups: readonly Namesakes[], judgeGroup: (same: Namesakes) => Finding): readonly Finding[] {
  const found = groups.slice(0, MAX_LISTED).map(judgeGroup);
  const omitted = groups.length - found.length;
  const more = instances("warning", `and ${omitted} more of that kind`, "bin/dwc ps");
  return omitted > 0 ? [...found, more] : found;
}

/** The processes of one instance. */
type Namesakes = Group<DiscoveredInstance>;

/** Another finding covers it. */
const isFailingAtMarket = ({ incarnation }: DiscoveredInstance, { board }: Facts): boolean =>
  board.kind === "board" &&
  board.view.instances.some((row) => row.incarnation === incarnation && row.state === "failing");

function failingFinding([one]: Namesakes, facts: Facts): Finding {
  const { lastMinute } = one.counts ?? {};
  const why = lastMinute === undefined ? "" : `: ${selfFailingWords(lastMinute)}`;
  return instances("warning", `${nameOf(one)} is failing${why}`, failingHint(nameOf(one), isFaulty(one, facts)));
}

/** The Market knows which faults are on. */
const isFaulty = ({ incarnation }: DiscoveredInstance, { board }: Facts): boolean =>
  board.kind === "board" &&
  board.view.instances.some((row) => row.incarnation === incarnation && faultsOn(row, board.view).length > 0);

const leavingFinding = (same: Namesakes): Finding =>
  instances("warning", `${nameOf(same[0])} is leaving${same.length > 1 ? ` (${same.length} processes)` : ""}`);

const MAX_INCARNATIONS_SHOWN = 4;

function clashFinding(same: Namesakes, up: readonly DiscoveredInstance[]): Finding {
  const [one] = same;
  const names = same.slice(0, MAX_INCARNATIONS_SHOWN).map(({ incarnation }) => incarnation);
  const omitted = same.length - names.length;
  const last = omitted > 0 ? `${omitted} more` : names.pop();
  const count = same.length === 2 ? "two" : String(same.length);
  return instances(
    "warning",
    `${count} processes are ${nameOf(one)}: ${names.join(", ")} and ${last}`,
    same.every((process) => isOwnMake(process.service, process))
      ? `end all but one of them, and start it as another:  make startRatings INSTANCE=${freeNumber(one, up)}`
      : "end all but one of them, and start them under numbers of their own",
  );
}

function upSentence(service: string, up: readonly DiscoveredInstance[]): string {
  const numbers = up.filter((one) => one.service === service).map(({ instance }) => instance);
  return `${service}: ${numbers.length} up (${shortened(numbers)})`;
}

const MAX_NUMBERS_SHOWN = 12;

function shortened(numbers: readonly number[]): string {
  const shown = numbers.slice(0, MAX_NUMBERS_SHOWN).join(", ");
  return numbers.length > MAX_NUMBERS_SHOWN ? `${shown} and ${numbers.length - MAX_NUMBERS_SHOWN} more` : shown;
}

/** The lowest unused number. */
function freeNumber({ service }: DiscoveredInstance, up: readonly DiscoveredInstance[]): number {
  const used = new Set(up.filter((one) => one.service === service).map(({ instance }) => instance));
  let free = 1;
  while (used.has(free)) free += 1;
  return free;
}

const machine = findingOf("Machine");

function judgeNode(version: string): Finding {
  return isAtLeast(version, MIN_NODE)
    ? machine("fine", `Node ${version}`)
    : machine("critical", `Node ${version} is older than ${MIN_NODE}`, "install a newer Node:  https://nodejs.org");
}

function judgeServer(facts: Facts): Finding {
  const { server } = facts;
  if (server === undefined) {
    const isNeeded = !hasBus(facts);
    const what = isNeeded
      ? "nats-server is not installed"
      : "nats-server is not installed here, and a bus runs already";
    return machine(isNeeded ? "warning" : "fine", what, isNeeded ? "sudo apt-get install -y nats-server" : "");
  }
  const { path, version } = server;
  if (version === undefined) return machine("warning", `${path} does not say its version`, `${path} --version`);
  return isAtLeast(version, MIN_SERVER)
    ? machine("fine", `nats-server ${version} (${path})`)
    : machine("critical", `nats-server ${version} (${path}) is older than ${MIN_SERVER}`, NEWER_SERVER);
}

const NEWER_SERVER = "install a newer one:  https://nats.io/download";

function isAtLeast(version: string, least: string): boolean {
  const have = partsOf(version);
  for (const [at, wanted] of partsOf(least).entries()) {
    const part = have[at] ?? 0;
    if (part !== wanted) return part > wanted;
  }
  return true;
}

const partsOf = (version: string): readonly number[] => version.split(".").map((part) => Number.parseInt(part, 10));
