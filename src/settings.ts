// Every number and every switch of the system, once, with its reason. The environment comes in as an argument,
// and a wrong value goes out as a sentence that names the variable, the value and the rule.

import { isPrintablePath, PATH_RULE, shownPath, shownUrl, shownValue } from "./util/printable.ts";

/** The numbers by which health is decided (README, "How a call finds its instance"). All times in milliseconds. */
export interface HealthRules {
  readonly requestTimeoutMs: number;
  readonly failureLimit: number;
  readonly retestDelayMs: number;
  readonly retestDelayMaxMs: number;
  readonly heartbeatIntervalMs: number;
  readonly leaseIntervals: number;
  readonly probationSuccesses: number;
  readonly purgeAfterMs: number;
  readonly reconnectGraceMs: number;
  readonly maxIncarnations: number;
}

export const LOG_LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
/** Whether lines of `level` are printed while `least` is asked for: to be asked before a text is made on every call. */
export const isPrinted = (level: LogLevel, least: LogLevel): boolean =>
  LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(least);
export const LOG_FORMATS = ["text", "json"] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** Variables of OpenTelemetry that say whether and how spans are sent; the exporter reads the others by itself. */
export interface OtelVariables {
  /** OTEL_SDK_DISABLED. */
  readonly isDisabled: boolean;
  /** OTEL_TRACES_EXPORTER, in lower case. */
  readonly exporters: readonly string[];
  /** OTEL_EXPORTER_OTLP_TRACES_PROTOCOL, else OTEL_EXPORTER_OTLP_PROTOCOL. */
  readonly protocol: string;
}

export const BOARDS = ["local", "public"] as const;

export interface Settings {
  readonly port: number;
  readonly host: string;
  /** Time between two requests of one connection, after which the Market closes it. */
  readonly keepAliveMs: number;
  readonly natsUrls: readonly string[];
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  /** Keys that sign the visitors' cookies, newest first; undefined: the Market keeps its own in `stateDir`. */
  readonly marketKeys: readonly string[] | undefined;
  readonly stateDir: string;
  /** A file of credentials for the bus; undefined: those that `stateDir` has, if any. */
  readonly natsCreds: string | undefined;
  /** Whether a bus without logins is joined also where one with logins was to be expected. */
  readonly openBus: boolean;
  /** The file that a record of all decisions is written to; undefined: none is. */
  readonly recordFile: string | undefined;
  readonly recordMb: number;
  /** Where programs are looked for, as the shell has it (PATH): not a setting of ours, but read with them. */
  readonly searchPath: string;
  /** Port of the admin listener on 127.0.0.1; 0 takes a free one, "off": there is none. */
  readonly adminPort: number | "off";
  /** The origin under which browsers reach the shop, where a proxy stands before it. */
  readonly publicUrl: string | undefined;
  /** Where the board and the metrics are readable: on the admin listener only, or on the page's address as well. */
  readonly board: (typeof BOARDS)[number];
  /** Where instance 1 shows its metrics, instance 2 one higher, and so on; undefined: nowhere. */
  readonly metricsPort: number | undefined;
  /** Where spans are sent; undefined: nowhere, and nothing that could is loaded. */
  readonly otlpEndpoint: string | undefined;
  readonly otel: OtelVariables;
  readonly health: HealthRules;
  /** Whether a late call is sent to a second instance. */
  readonly hedge: boolean;
  /** Whether instances take faults from whoever may ask for them on the bus. */
  readonly chaos: boolean;
}

/** One line of the table: the variable, its default, what it means and why the default is what it is. */
export interface SettingRow {
  readonly name: string;
  readonly default: string;
  readonly meaning: string;
}

const row = (name: string, preset: string | number, meaning: string): SettingRow => ({
  name,
  default: String(preset),
  meaning,
});

export const MAX_PORT = 65_535;
/** Far enough from the next Markets on this machine, which count up from 5000. */
const ADMIN_PORT_DISTANCE = 100;
const ADMIN_PORT_DEFAULT = `PORT + ${ADMIN_PORT_DISTANCE}`;

/** Another port for what found its own taken. @param taken the one that it must not be either */
export function otherPort(port: number, taken?: number): number {
  const next = port < MAX_PORT ? port + 1 : port - 1;
  if (next !== taken) return next;
  return next + 1 <= MAX_PORT && next > port ? next + 1 : port - 2;
}

/** The admin port that belongs to `port` while ADMIN_PORT is not set: below it where above it is no port left. */
export function adminPortOf(port: number): number {
  if (port === 0) return 0;
  return port + ADMIN_PORT_DISTANCE > MAX_PORT ? port - ADMIN_PORT_DISTANCE : port + ADMIN_PORT_DISTANCE;
}

/** What a person may set. README prints this table, and a test compares the two. */
export const SETTINGS: readonly SettingRow[] = [
  row("PORT", 5000, "port of the Market's page; 0 takes a free one"),
  row("HOST", "127.0.0.1", "address the page is served on: this machine only, unless you say otherwise"),
  row(
    "KEEP_ALIVE_MS",
    90_000,
    "how long an idle HTTP connection stays open: longer than a balancer keeps its own, 75 s at nginx",
  ),
  row("ADMIN_PORT", ADMIN_PORT_DEFAULT, "port of board, metrics, faults, at 127.0.0.1 only; 0: a free one, off: none"),
  row("PUBLIC_URL", "", "where browsers find the shop behind a proxy, https://shop.example for one; empty: no proxy"),
  row("NATS_URL", "nats://127.0.0.1:4222", "where the bus is; several addresses of one cluster with commas"),
  row("LOG_LEVEL", "DEBUG", "least level that is printed: DEBUG, INFO, WARNING or ERROR"),
  row("LOG_FORMAT", "text", "text for people, json for machines: one object a line"),
  row("MARKET_KEYS", "", "keys that sign the carts, 16 characters or more, newest first, with commas"),
  row("NATS_CREDS", "", "file with the credentials to show a bus that asks for some; else those in DWC_STATE"),
  row(
    "OPEN_BUS",
    0,
    "1: also with NATS_CREDS, and after a bus with logins, one without is joined, with a WARNING; off, as it may be a trap",
  ),
  row("DWC_STATE", "~/.datawire", "folder of what is kept between runs: who you are on the bus, and cookie keys"),
  row("RECORD", "", "file that the Market writes its decisions and their reasons to, for make replay; empty: none"),
  row("RECORD_MB", 100, "how long that file may grow, then it ends: 300,000 calls or more, and still quick to replay"),
  row("BOARD", "local", "public: board and metrics, no faults, are on the page's port, too; local: on the admin port"),
  row("METRICS_PORT", "", "port at 127.0.0.1 of the metrics of instance 1, instance 2 one higher; 0 takes a free one"),
  row(
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "",
    "collector that traces are sent to, http://localhost:4318 for one; empty: none is",
  ),
  row("CHAOS", 0, "1: instances take faults on purpose, from board and terminal; off, as they are for trying out"),
  row("REQUEST_TIMEOUT_MS", 1000, "how long a call may take before it counts as unanswered: a page waits no longer"),
  row("HEDGE", 0, "1: a late call is asked of another instance too; off, so that a hung one is seen to cost a second"),
  row("FAILURE_LIMIT", 1, "unanswered calls in a row that open a breaker: with one, a hung instance costs one wait"),
  row(
    "RETEST_DELAY_MS",
    30_000,
    "how long an opened breaker waits for its first retest: a paused process needs no hurry",
  ),
  row(
    "RETEST_DELAY_MAX_MS",
    300_000,
    "where the doubling of that delay ends: five minutes is the longest unnoticed recovery",
  ),
  row(
    "HEARTBEAT_INTERVAL_MS",
    15_000,
    "longest time between two heartbeats; each beat comes up to a fifth sooner, at random",
  ),
  row("PURGE_AFTER_MS", 300_000, "how long an instance that is gone is still remembered, breaker and all"),
];

/** What is fixed, because nobody should need to turn it: each with its reason. */
export const FIXED = {
  leaseIntervals: 2, // one lost beat is normal, two in a row are not
  probationSuccesses: 3, // a page of four things asks a pair of instances twice each: two pages end a probation
  reconnectGraceMs: 5_000, // after a bus restart every instance has to come back first: their longest back-off, twice
  maxIncarnations: 10_000, // at about 500 bytes each, 5 MB: what a flood of forged heartbeats can cost at most
} as const;

export type SettingsResult =
  | { readonly kind: "settled"; readonly settings: Settings }
  | { readonly kind: "refused"; readonly problems: readonly string[] };

type Env = Readonly<Record<string, string | undefined>>;

/** Reads the environment once. Every problem found is told, not only the first. */
export function readSettings(env: Env): SettingsResult {
  const read = new Reader(env);
  const port = read.integer("PORT", 0, MAX_PORT);
  const settings: Settings = {
    port,
    adminPort: read.adminPort(port),
    publicUrl: read.optionalOrigin("PUBLIC_URL"),
    host: read.text("HOST", /^[A-Za-z0-9.:_-]+$/, "a host name or an IP address"),
    keepAliveMs: read.integer("KEEP_ALIVE_MS", 1_000, 3_600_000),
    natsUrls: read.natsUrls("NATS_URL"),
    logLevel: read.oneOf("LOG_LEVEL", LOG_LEVELS),
    logFormat: read.oneOf("LOG_FORMAT", LOG_FORMATS),
    marketKeys: read.keys("MARKET_KEYS"),
    stateDir: read.path("DWC_STATE", "folder"),
    natsCreds: read.optionalPath("NATS_CREDS", "file"),
    openBus: read.oneOf("OPEN_BUS", ["0", "1"]) === "1",
    recordFile: read.optionalPath("RECORD", "file"),
    recordMb: read.integer("RECORD_MB", 1, 10_000),
    searchPath: env["PATH"] ?? "",
    board: read.oneOf("BOARD", BOARDS),
    metricsPort: read.optionalInteger("METRICS_PORT", 0, 65_000),
    otlpEndpoint: read.tracesUrl(),
    otel: readOtelVariables(env),
    health: readHealthRules(read),
    hedge: read.oneOf("HEDGE", ["0", "1"]) === "1",
    chaos: read.oneOf("CHAOS", ["0", "1"]) === "1",
  };
  const problems = read.problems.length > 0 ? read.problems : relationProblems(settings);
  return problems.length > 0 ? { kind: "refused", problems } : { kind: "settled", settings };
}

/** As OpenTelemetry's specification has them: an empty one counts as not set, and no value ends a program. */
function readOtelVariables(env: Env): OtelVariables {
  const value = (name: string): string => env[`OTEL_${name}`]?.trim().toLowerCase() ?? "";
  return {
    isDisabled: value("SDK_DISABLED") === "true",
    exporters: (value("TRACES_EXPORTER") || "otlp").split(",").map((name) => name.trim()),
    protocol: value("EXPORTER_OTLP_TRACES_PROTOCOL") || value("EXPORTER_OTLP_PROTOCOL") || "http/json",
  };
}

function readHealthRules(read: Reader): HealthRules {
  return {
    requestTimeoutMs: read.integer("REQUEST_TIMEOUT_MS", 10, 60_000),
    failureLimit: read.integer("FAILURE_LIMIT", 1, 100),
    retestDelayMs: read.integer("RETEST_DELAY_MS", 10, 3_600_000),
    retestDelayMaxMs: read.integer("RETEST_DELAY_MAX_MS", 10, 86_400_000),
    heartbeatIntervalMs: read.integer("HEARTBEAT_INTERVAL_MS", 50, 300_000),
    purgeAfterMs: read.integer("PURGE_AFTER_MS", 100, 86_400_000),
    ...FIXED,
  };
}

/** The numbers of health as they are while nobody sets any. */
export const defaultHealthRules = (): HealthRules => readHealthRules(new Reader({}));

export type NatsUrlsResult =
  | { readonly kind: "read"; readonly urls: readonly string[] }
  | Extract<SettingsResult, { kind: "refused" }>;

/** The one setting that a caller or a service has in common with the Market: where the bus is. Nothing: the default. */
export function readNatsUrls(value: string | undefined): NatsUrlsResult {
  const read = new Reader({ NATS_URL: value });
  const urls = read.natsUrls("NATS_URL");
  return read.problems.length > 0 ? { kind: "refused", problems: read.problems } : { kind: "read", urls };
}

/** Numbers that contradict each other are refused where they are read, not found out during a fault. */
function relationProblems({ health: rules, port, adminPort }: Settings): string[] {
  const problems: string[] = [];
  if (port !== 0 && adminPort === port) {
    problems.push(`ADMIN_PORT=${adminPort} must not be PORT: what is for you alone would be for all shoppers`);
  }
  if (rules.retestDelayMaxMs < rules.retestDelayMs) {
    problems.push(
      `RETEST_DELAY_MAX_MS=${rules.retestDelayMaxMs} must not be below RETEST_DELAY_MS=${rules.retestDelayMs}: the delay only grows`,
    );
  }
  if (rules.purgeAfterMs < rules.requestTimeoutMs) {
    problems.push(
      `PURGE_AFTER_MS=${rules.purgeAfterMs} must not be below REQUEST_TIMEOUT_MS=${rules.requestTimeoutMs}: an instance would be forgotten while a call to it is out`,
    );
  }
  return problems;
}

class Reader {
  readonly problems: string[] = [];
  readonly #env: Env;

  constructor(env: Env) {
    this.#env = env;
  }

  /** The value as set, or the table's default; an empty variable counts as not set, as in a Makefile. */
  #value(name: string): string {
    const set = this.#env[name]?.trim();
    if (set !== undefined && set !== "") return set;
    const preset = SETTINGS.find((known) => known.name === name);
    if (preset === undefined) throw new Error(`settings: ${name} is not in the table`);
    return preset.default;
  }

  #refuse<T>(name: string, value: string, rule: string, instead: T): T {
    this.problems.push(`${name}=${shownValue(value)} is not ${rule}`);
    return instead;
  }

  integer(name: string, least: number, most: number): number {
    const value = this.#value(name);
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= least && number <= most) return number;
    return this.#refuse(name, value, `a whole number from ${least} to ${most}`, least);
  }

  optionalInteger(name: string, least: number, most: number): number | undefined {
    return this.#value(name) === "" ? undefined : this.integer(name, least, most);
  }

  adminPort(port: number): number | "off" {
    const value = this.#value("ADMIN_PORT");
    if (value === ADMIN_PORT_DEFAULT) return adminPortOf(port);
    return value.toLowerCase() === "off" ? "off" : this.integer("ADMIN_PORT", 0, MAX_PORT);
  }

  text(name: string, pattern: RegExp, rule: string): string {
    const value = this.#value(name);
    return pattern.test(value) ? value : this.#refuse(name, value, rule, value);
  }

  oneOf<T extends string>(name: string, choices: readonly T[]): T {
    const value = this.#value(name);
    const found = choices.find((choice) => choice.toLowerCase() === value.toLowerCase());
    const [first] = choices;
    if (first === undefined) throw new Error(`settings: ${name} has no choices`);
    return found ?? this.#refuse(name, value, `one of ${choices.join(", ")}`, first);
  }

  natsUrls(name: string): readonly string[] {
    const urls = this.#value(name)
      .split(",")
      .map((url) => url.trim());
    // A comma in a password, or another address? With its scheme it is one.
    const torn = urls.slice(1).find((url) => url.includes("@") && !url.includes("://"));
    if (torn !== undefined) {
      const rule =
        "clear: write a comma in a password as %2C, and nats:// before each address that has a name or password";
      return [this.#refuse(name, "…", rule, torn)];
    }
    const rule = "of the form nats://host:port, nats://TOKEN@host:port or nats://USER:PASSWORD@host:port (tls:// too)";
    for (const url of urls) if (!isNatsUrl(url)) this.#refuse(name, shownUrl(url), rule, url);
    return urls.map((url) => (url.includes("://") ? url : `nats://${url}`));
  }

  keys(name: string): readonly string[] | undefined {
    const value = this.#value(name);
    if (value === "") return undefined;
    const keys = value.split(",").map((key) => key.trim());
    // The value is a secret: the problem names the rule and never the key.
    if (keys.some((key) => key.length < 16))
      this.problems.push(`${name} holds a key of under 16 characters: make one with  openssl rand -hex 32`);
    return keys;
  }

  optionalWebUrl(name: string): string | undefined {
    const value = this.#value(name);
    return value === "" ? undefined : this.#webUrl(name, value);
  }

  #webUrl(name: string, value: string): string {
    const isGood = /^https?:\/\/[^\s/]/i.test(value) && URL.canParse(value);
    return isGood ? value : this.#refuse(name, shownUrl(value), "of the form http://host:port (https:// too)", value);
  }

  /** The variable for traces alone comes first, as OpenTelemetry has it. */
  tracesUrl(): string | undefined {
    const own = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
    return (this.#env[own] ?? "").trim() === ""
      ? this.optionalWebUrl("OTEL_EXPORTER_OTLP_ENDPOINT")
      : this.#webUrl(own, (this.#env[own] ?? "").trim());
  }

  /** Scheme, host and port, as a browser sends them in its Origin header. */
  optionalOrigin(name: string): string | undefined {
    const value = this.#value(name);
    if (value === "") return undefined;
    const isGood = /^https?:\/\/[^\s/?#@]+\/?$/i.test(value) && URL.canParse(value);
    if (isGood) return new URL(value).origin;
    return this.#refuse(name, shownUrl(value), "of the form https://host or http://host:port, with no path", value);
  }

  /** @param what "folder" or "file" */
  path(name: string, what: string): string {
    const value = this.#value(name);
    if (!isPrintablePath(value)) return this.#refuse(name, shownPath(value), PATH_RULE, value);
    if (value.includes("://"))
      return this.#refuse(name, shownUrl(value), `the path of a ${what}, as it is an address`, value);
    if (!value.startsWith("~")) return value;
    if (!/^~(\/|$)/.test(value))
      return this.#refuse(name, value, `a ${what} we can find: of ~ only ~/… is known`, value);
    const home = this.#env["HOME"] ?? "";
    if (!isPrintablePath(home)) return this.#refuse(name, shownPath(home + value.slice(1)), PATH_RULE, value);
    if (home === "") this.problems.push(`${name}=${value} needs HOME, which is not set: set ${name} to a ${what}`);
    return home + value.slice(1);
  }

  optionalPath(name: string, what: string): string | undefined {
    return this.#value(name) === "" ? undefined : this.path(name, what);
  }
}

/** Host and port, perhaps who we are, and nothing after: what follows would be ignored, and was meant to mean something. */
function isNatsUrl(url: string): boolean {
  const whole = url.includes("://") ? url : `nats://${url}`;
  if (!/^(nats|tls):\/\/[^\s/?#]+$/.test(whole) || !URL.canParse(whole)) return false;
  const { hostname, port, username } = new URL(whole);
  // Without a user the client library sends no password either.
  return hostname !== "" && port !== "0" && (username !== "" || !whole.includes("@"));
}
