// What the facts mean: fine, worth a warning, or critical, and the command that mends it. Pure.

import type { BusLook } from "../bus-shapes.ts";
import type { Facts, IdentityFacts, MarketFacts } from "./facts.ts";
import type { Finding, Grade } from "./finding.ts";
import type { Heard } from "./visited.ts";

/** As package.json has it. */
export const LEAST_NODE = "20.19.0";
/** From here on the server tells a caller at once that nobody is there. */
export const LEAST_SERVER = "2.2.0";

export function judge(facts: Facts): readonly Finding[] {
  return [
    ...facts.looks.map((look) => judgeLook(look, facts)),
    ...judgeAdmission(facts),
    ...judgeIdentity(facts.identity),
    ...judgeInstances(facts),
    judgeMarket(facts.market, facts.port),
    judgeNode(facts.nodeVersion),
    judgeServer(facts),
  ];
}

const finding =
  (group: string) =>
  (grade: Grade, what: string, cure = ""): Finding => ({ group, grade, what, cure });

const bus = finding("Bus");

function judgeLook(look: BusLook, { looks, identity }: Facts): Finding {
  switch (look.kind) {
    case "bus":
      if (look.secured) return bus("fine", `${look.url} answers and is secured: it admits only whom it knows`);
      if (identity.org === undefined)
        return bus("fine", `${look.url} answers and is open: whoever reaches it can join`);
      return bus(
        "warning",
        `${look.url} answers and is open, though you have an org: whoever reaches it can join`,
        'end it, then type  make market   (or  nats-server -c "$(bin/dwc nats-config)")',
      );
    case "stranger":
      return bus(
        "critical",
        `${look.url} is taken by something that is not NATS`,
        "make market NATS_URL=nats://127.0.0.1:4223",
      );
    case "silent":
      return bus("critical", `${look.url} accepts connections and says nothing: a paused bus?`, "fg   (in its window)");
    case "nothing":
      return looks.some(({ kind }) => kind === "bus")
        ? bus("warning", `${look.url} does not answer; another address of the bus does`)
        : bus("critical", `${look.url} does not answer`, "make market   (it starts a bus; or  nats-server)");
  }
}

/** Whether we are let in, which only an attempt can tell. */
function judgeAdmission({ looks, roll }: Facts): readonly Finding[] {
  if (!looks.some(({ kind }) => kind === "bus")) return [];
  if (roll.kind === "out") return [bus("critical", roll.why, roll.hint)];
  return roll.notes.map((note) => bus("warning", note));
}

const self = finding("Identity");

function judgeIdentity(identity: IdentityFacts): readonly Finding[] {
  const { state, folder, org, tooOpen, expired, trouble } = identity;
  if (typeof state === "object") return [self("critical", state.unreadable, "")];
  const found: Finding[] = [];
  if (state === "absent") found.push(self("fine", `nobody has an org here (${folder}), and an open bus asks for none`));
  else if (org === undefined)
    found.push(
      self("warning", `nobody is logged in (${folder})`, "bin/dwc login EMAIL   (who there is:  bin/dwc status)"),
    );
  else found.push(self("fine", `logged in as ${org.email}, of ${org.name} (${folder})`));
  for (const { path, isFolder } of tooOpen)
    found.push(self("warning", `others may read ${path}`, `chmod ${isFolder ? "700" : "600"} '${path}'`));
  for (const { whose, since, renew } of expired)
    found.push(self("critical", `the credentials of ${whose} have expired (${since})`, renew));
  if (trouble !== undefined) found.push(self("critical", trouble, ""));
  if (state !== "absent" && tooOpen.length === 0) found.push(self("fine", "only you can read it"));
  return found;
}

const instances = finding("Instances");

function judgeInstances({ roll, looks }: Facts): readonly Finding[] {
  if (roll.kind === "out") {
    const why = looks.some(({ kind }) => kind === "bus") ? "the bus does not let us in" : "the bus is away";
    return [instances("unknown", `could not be asked: ${why}`)];
  }
  const up = roll.value.filter(({ state }) => state === "up");
  const others = roll.value.filter(({ state }) => state === "draining");
  if (roll.value.length === 0)
    return [instances("warning", "nobody answers the roll call of ratings", "make startRatings COUNT=3")];
  const services = [...new Set(up.map(({ service }) => service))];
  return [
    ...services.map((service) => instances("fine", upSentence(service, up))),
    ...others.map(({ service, instance }) => instances("warning", `${service}/${instance} is leaving`)),
    ...clashes(up).map(([one, other]) =>
      instances(
        "warning",
        `two processes are ${one.service}/${one.instance}: ${one.incarnation} and ${other.incarnation}`,
        `end one of them, and start it as another:  make startRatings INSTANCE=${freeNumber(one, up)}`,
      ),
    ),
  ];
}

function upSentence(service: string, up: readonly Heard[]): string {
  const numbers = up.filter((one) => one.service === service).map(({ instance }) => instance);
  return `${service}: ${numbers.length} up (${shortened(numbers)})`;
}

const MOST_NUMBERS_SHOWN = 12;

function shortened(numbers: readonly number[]): string {
  const shown = numbers.slice(0, MOST_NUMBERS_SHOWN).join(", ");
  return numbers.length > MOST_NUMBERS_SHOWN ? `${shown} and ${numbers.length - MOST_NUMBERS_SHOWN} more` : shown;
}

function clashes(up: readonly Heard[]): readonly (readonly [Heard, Heard])[] {
  return up.flatMap((one, at) => {
    const before = up[at - 1];
    const isSame = before !== undefined && before.service === one.service && before.instance === one.instance;
    return isSame ? [[before, one] as const] : [];
  });
}

function freeNumber({ service }: Heard, up: readonly Heard[]): number {
  return Math.max(...up.filter((one) => one.service === service).map(({ instance }) => instance)) + 1;
}

const market = finding("Market");

function judgeMarket(facts: MarketFacts, port: number): Finding {
  const { url } = facts;
  const another = `make market PORT=${port + 1}`;
  switch (facts.kind) {
    case "market":
      if (facts.status === "ready") return market("fine", `${url} takes visitors`);
      if (facts.status === "degraded")
        return market(
          "warning",
          `${url} takes visitors, degraded: ${facts.failing.join("; ")}`,
          "make startRatings COUNT=3",
        );
      return market("critical", `${url} is not ready: ${facts.failing.join("; ")}`, "make market");
    case "stranger":
      return market("critical", `${url} is taken by something that is not the Market`, another);
    case "silent":
      return market(
        "critical",
        `${url} accepts connections and says nothing: a paused Market?`,
        "fg   (in its window)",
      );
    case "nothing":
      return market("warning", `no Market answers at ${url}`, "make market");
  }
}

const machine = finding("Machine");

function judgeNode(version: string): Finding {
  return isAtLeast(version, LEAST_NODE)
    ? machine("fine", `Node ${version}`)
    : machine("critical", `Node ${version} is older than ${LEAST_NODE}`, "install a newer Node:  https://nodejs.org");
}

function judgeServer({ server, looks }: Facts): Finding {
  if (server === undefined) {
    const isNeeded = !looks.some(({ kind }) => kind === "bus");
    const what = isNeeded
      ? "nats-server is not installed"
      : "nats-server is not installed here, and a bus runs already";
    return machine(isNeeded ? "warning" : "fine", what, isNeeded ? "sudo apt-get install -y nats-server" : "");
  }
  const { path, version } = server;
  if (version === undefined) return machine("warning", `${path} does not say its version`, `${path} --version`);
  return isAtLeast(version, LEAST_SERVER)
    ? machine("fine", `nats-server ${version} (${path})`)
    : machine("critical", `nats-server ${version} (${path}) is older than ${LEAST_SERVER}`, "install a newer one");
}

function isAtLeast(version: string, least: string): boolean {
  const [have, want] = [version, least].map((one) => one.split(".").map((part) => Number.parseInt(part, 10)));
  for (const [at, wanted] of (want ?? []).entries()) {
    const part = have?.[at] ?? 0;
    if (part !== wanted) return part > wanted;
  }
  return true;
}
