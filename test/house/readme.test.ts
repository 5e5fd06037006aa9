// README and its pages against the code: what it says to type, to set, to open and to expect. A page that is read before anything else
// must not be the first thing that is wrong.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { COMMANDS } from "../../src/dwc/commands/table.ts";
import { FAULT_LIMITS, parseCommand, parseFaultStatuses } from "../../src/faults/core/faults.ts";
import { parseWarning } from "../../src/health/caller-warning.ts";
import { MAX_HEARTBEAT_BYTES, parseHeartbeat } from "../../src/health/heartbeat.ts";
import { parseView } from "../../src/monitor/peers.ts";
import { MAX_BODY_BYTES } from "../../src/service/core/body.ts";
import { readCommand } from "../../src/service/core/stream-wire.ts";
import { defaultHealthRules, FIXED, LOG_LEVELS, SETTINGS } from "../../src/settings.ts";
import { isPrintable } from "../support/log-patterns.ts";
import { rate } from "../support/rate.ts";
import { blocksOf, INDEXES, PAGES, readBook, readPage, rowsOf, sectionOf } from "../support/readme.ts";
import { repository } from "../support/repository.ts";

const page = suite("README");

const readme = readBook();
const makefile = readFileSync(join(repository, "Makefile"), "utf8");
const targets = [...makefile.matchAll(/^([A-Za-z-]+):.*## /gm)].map(([, name = ""]) => name);
const spans = [...readme.replace(/^```[\s\S]*?^```$/gm, "").matchAll(/`([^`\n]+)`|<code>([^<]+)<\/code>/g)].map(
  ([, plain, tagged]) => plain ?? tagged ?? "",
);
const typed = [...readme.matchAll(/^ {4}(\S.*)$/gm)].map(([, line = ""]) => line);
const walk = sectionOf(readme, "The walk");
/** Each is tried in test/system/tracing-variables.long.test.ts. */
const OTEL_VARIABLES = [
  ..."SERVICE_NAME RESOURCE_ATTRIBUTES SDK_DISABLED TRACES_EXPORTER TRACES_SAMPLER".split(" "),
  ..."TRACES_SAMPLER_ARG EXPORTER_OTLP_PROTOCOL EXPORTER_OTLP_HEADERS".split(" "),
  ..."EXPORTER_OTLP_TIMEOUT EXPORTER_OTLP_TRACES_PROTOCOL EXPORTER_OTLP_TRACES_HEADERS".split(" "),
  ..."BSP_SCHEDULE_DELAY BSP_EXPORT_TIMEOUT BSP_MAX_QUEUE_SIZE BSP_MAX_EXPORT_BATCH_SIZE".split(" "),
];
/** What a newcomer reads in one sitting. */
const MAX_README_LINES = 400;
const protocol = readPage("docs/protocol.md");
/** Wrapped lines as one, so that a sentence is found however it is broken. */
const flat = (text: string): string => text.replace(/\s+/g, " ");

function nothing(wrong: readonly string[], what: string): void {
  assert.equal([...wrong], [], `${what}: ${wrong.join(", ")}`);
}

page("every make target that it names exists, and the other way round", () => {
  const named = [...spans, ...typed].flatMap((text) =>
    [...text.matchAll(/\bmake ([A-Za-z-]+)/g)].map(([, name]) => name),
  );
  nothing(named.filter((name) => !targets.includes(name ?? "")).map(String), "no target");
  nothing(
    targets.filter((target) => !named.includes(target)),
    "not in README",
  );
});

page("README is short enough to be read", () => {
  const lines = readPage("README.md").split("\n").length;
  assert.ok(lines <= MAX_README_LINES, `README.md has ${lines} lines; reference belongs in docs/`);
});

page("every variable that it names exists", () => {
  const variables = spans.filter((span) => /^[A-Z][A-Z_]+(=\S*)?$/.test(span)).map((span) => span.split("=")[0] ?? "");
  const typedBehindMake = [...makefile.matchAll(/\$\$([A-Z]+)/g)].map(([, name]) => name);
  // Behind make bench and make scorecard; bench/lib/scope.js refuses what is wrong.
  const typedAtBench = ["ROUNDS", "QUICK"];
  // Read by the exporter itself, as everywhere.
  const ofOpenTelemetry = OTEL_VARIABLES.map((name) => `OTEL_${name}`);
  const known = [
    ...typedAtBench,
    ...ofOpenTelemetry,
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", // stands for the setting without TRACES
    "NODE_EXTRA_CA_CERTS", // Node's own
    ...SETTINGS.map(({ name }) => name),
    ...typedBehindMake,
    ...LOG_LEVELS,
    "BAD",
  ];
  nothing(
    variables.filter((name) => !known.includes(name)),
    "no setting",
  );
});

page("every command of dwc that it names exists", () => {
  const named = [...spans, ...typed].flatMap((text) =>
    [...text.matchAll(/\bbin\/dwc ([a-z][a-z-]*)/g)].map(([, name]) => name),
  );
  assert.ok(named.length > 0);
  nothing(named.filter((name) => !COMMANDS.some((command) => command.name === name)).map(String), "no command");
});

page("its table of dwc's commands is dwc's own, in its order", () => {
  const [commands] = sectionOf(readme, "Who may be on the bus").split("| role |");
  const [live] = sectionOf(readme, "In a terminal").split("| `--json` of |");
  const rows = [...rowsOf(commands ?? ""), ...rowsOf(live ?? "")].map(
    ([typedRow = ""]) => /`bin\/dwc ([a-z-]+)/.exec(typedRow)?.[1],
  );
  assert.equal(
    rows,
    COMMANDS.map(({ name }) => name),
  );
});

interface Link {
  readonly page: string;
  /** From the folder of the repository; of a link within a page, that page. */
  readonly path: string;
  readonly anchor: string;
}

/** Images too. */
const links: readonly Link[] = PAGES.flatMap((page) =>
  [...readPage(page).matchAll(/\]\(([^)#\s]*)(?:#([^)\s]+))?\)/g)]
    .filter(([, path = ""]) => !path.includes("://"))
    .map(([, path = "", anchor = ""]) => ({ page, path: path === "" ? page : join(dirname(page), path), anchor })),
);

page("every path that it names exists, or is made by a target, and it names every room", () => {
  const made = readFileSync(join(repository, ".gitignore"), "utf8").split("\n");
  const named = spans
    .filter((span) => /^(src|bin|test|docs|bench|tracing)\/[\w./-]+$/.test(span))
    .filter((span) => !made.includes(`${span}/`));
  assert.ok(named.length > 20 && links.length > 20);
  nothing(
    [...named, ...links.map(({ path }) => path)].filter((path) => !existsSync(join(repository, path))),
    "not there",
  );
  const rooms = readdirSync(join(repository, "src"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const layout = sectionOf(readme, "Layout");
  nothing(
    rooms.map(({ name }) => `src/${name}`).filter((room) => !layout.includes(`\`${room}\``)),
    "a room that Layout leaves out",
  );
});

page("every link to a heading leads to one, on its own page or on another", () => {
  const isPage = (path: string): path is (typeof PAGES)[number] => PAGES.some((page) => page === path);
  const headings = (path: string): readonly string[] =>
    isPage(path)
      ? [...readPage(path).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
          heading
            .toLowerCase()
            .replace(/[^\w -]/g, "")
            .replaceAll(" ", "-"),
        )
      : [];
  const anchored = links.filter(({ anchor }) => anchor !== "");
  assert.ok(anchored.length > 10);
  nothing(
    anchored
      .filter(({ path, anchor }) => !headings(path).includes(anchor))
      .map(({ page, path, anchor }) => `${page}: ${path}#${anchor}`),
    "no heading",
  );
});

page("README and the indexes of folders lead to every other page", () => {
  const led = links.filter(({ page }) => INDEXES.some((index) => index === page)).map(({ path }) => path);
  nothing(
    PAGES.filter((one) => one !== "README.md" && !led.includes(one)),
    "not linked",
  );
});

page("every line that the walk shows can be printed", () => {
  const shown = blocksOf(walk)
    .filter(({ language }) => language === "text")
    .flatMap(({ text }) => text.trimEnd().split("\n"));
  const inline = spans.filter((span) => /^(DEBUG|INFO|WARNING|ERROR):/.test(span));
  assert.ok(shown.length > 40 && inline.length > 0);
  nothing(
    [...shown, ...inline].filter((line) => !isPrintable(line)),
    "nothing prints this",
  );
});

page("a line that nothing prints would be found", () => {
  for (const line of [
    "INFO:resolver:- OPEN breaker on [ratings at nats:ratings.get.2-AP7huB_5qrds] (request timed out)",
    "WARNING:resolver:- OPEN breaker on [ratings at nats:ratings.get.2-AP7huB_5qrds]",
    "GOT camera 4.5",
    "BAD camera: too tired",
    "INFO:market:- opened at http://localhost:5000",
    "INFO:ratings:- instance 2 was resumed after a pause of 34.2 s",
  ]) {
    assert.is(isPrintable(line), false, line);
  }
});

const examples = blocksOf(protocol)
  .filter(({ language }) => language === "json")
  .map(({ text }): Record<string, unknown> => JSON.parse(text));
const [request, answer, grant, cancel, late, onTime, heartbeat, belief, faultOrder, faultAnswer] = examples;
const origin = {
  service: String(heartbeat?.["service"]),
  incarnation: String(heartbeat?.["incarnation"]),
  address: String(heartbeat?.["address"]),
};
const isBelieved = (changes: object): boolean =>
  parseHeartbeat({ ...heartbeat, ...changes }, origin).kind === "heartbeat";

page("the protocol's examples are what the code makes and takes", () => {
  assert.is(examples.length, 10);
  assert.equal(rate(request), { kind: "answer", body: answer });
  assert.equal([readCommand(grant)?.kind, readCommand(cancel)?.kind], ["grant", "cancel"]);
  assert.equal([parseWarning(late).kind, parseWarning(onTime).kind], ["late", "on time"]);
  assert.equal(parseHeartbeat(heartbeat, origin), { kind: "heartbeat", beat: { ...heartbeat, operations: ["get"] } });
  const { service, ...view } = belief as { service: string; market: string };
  assert.equal(parseView(belief, { service, market: view.market }), { kind: "view", view });
  for (const [asked, code] of [
    [{}, 400],
    [{ thingID: "piano" }, 404],
  ] as const) {
    const refused = rate(asked);
    assert.ok(refused.kind === "refusal" && refused.code === code);
    if (refused.kind === "refusal") assert.ok(protocol.includes(`\`${refused.message}\``), refused.message);
  }
});

page("faults can be asked for as it says, within the limits that it says", () => {
  const order = parseCommand(faultOrder);
  assert.ok(order.kind === "begin" && parseFaultStatuses(faultAnswer)?.length === 1, JSON.stringify(order));
  const { minForMs, defaultForMs, maxForMs } = FAULT_LIMITS;
  const text = `\`forMs\` is a whole number from ${minForMs} to ${maxForMs}, ${defaultForMs} if left out`;
  assert.ok(flat(protocol).includes(text), text);
  assert.equal([minForMs, defaultForMs, maxForMs], [500, 60_000, 10 * 60_000]);
  const inWords = flat(sectionOf(readme, "Faults on purpose"));
  assert.ok(inWords.includes("a minute unless you say otherwise, half a second at least, ten minutes at most"));
});

page("the limits in the protocol are those of the code", () => {
  const limits = (field: string): readonly number[] => {
    const [, rule = ""] = rowsOf(protocol).find(([name]) => name === `\`${field}\``) ?? [];
    return [...rule.matchAll(/\d+/g)].map(Number);
  };
  for (const field of ["instance", "intervalMs"]) {
    const [least = 0, most = 0] = limits(field);
    assert.ok(isBelieved({ [field]: least }) && isBelieved({ [field]: most }), field);
    assert.not.ok(isBelieved({ [field]: least - 1 }) || isBelieved({ [field]: most + 1 }), field);
  }
  const [least = Number.NaN] = limits("seq");
  assert.ok(isBelieved({ seq: least }) && !isBelieved({ seq: least - 1 }));
  const [longest = 0] = limits("version");
  const versionOf = (version: string): unknown => {
    const read = parseHeartbeat({ ...heartbeat, version }, origin);
    return read.kind === "heartbeat" && read.beat.version;
  };
  assert.is(versionOf("1".repeat(longest)), "1".repeat(longest));
  assert.is(versionOf("1".repeat(longest + 1)), "unknown");
  assert.ok(protocol.includes(`A heartbeat is ${MAX_HEARTBEAT_BYTES} bytes at most`));
  assert.ok(protocol.includes(`${MAX_BODY_BYTES / 1024 ** 2} MiB at most`));
});

page("the numbers among the rules of health are the settings'", () => {
  const rules = defaultHealthRules();
  const text = flat(sectionOf(readme, "How a call finds its instance"));
  assert.is(rules.requestTimeoutMs, 1000);
  assert.ok(text.includes("No answer within the second"));
  assert.ok(text.includes(`An open breaker is retested after ${rules.retestDelayMs / 1000} s`));
  assert.is(rules.retestDelayMaxMs, 5 * 60_000);
  assert.ok(text.includes("doubles the delay, less some jitter, up to five minutes"));
  assert.is(FIXED.leaseIntervals, 2);
  assert.ok(text.includes("counts for twice the interval"));
  assert.is(FIXED.probationSuccesses, 3);
  assert.ok(text.includes("Three answers end a probation"));
  assert.is(rules.purgeAfterMs, 5 * 60_000);
  assert.ok(text.includes("an instance that is gone is evicted after five minutes"));
});

page.run();
