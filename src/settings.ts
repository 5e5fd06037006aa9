// Every setting, once: its variable, default, range and meaning. The environment is an argument. A wrong value is a sentence
// that names the variable, the value and the rule. docs/settings.md is made from the same rows.

import {
  type Env,
  flag,
  integer,
  keys,
  oneOf,
  optional,
  origin,
  path,
  readVariable,
  type Setting,
  setting,
  type Type,
  text,
  variableOf,
  webUrl,
} from "./util/environment.ts";
import { shownUrl } from "./util/printable.ts";

export const LOG_LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
/** Whether lines of `level` are printed if `least` is set. Checked before the text of a line is made, on every call. */
export const isPrinted = (level: LogLevel, least: LogLevel): boolean =>
  LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(least);
const LOG_FORMATS = ["text", "json"] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export const MAX_PORT = 65_535;
/** Far enough from the next Markets on this machine, which count up from 5000. */
const ADMIN_PORT_DISTANCE = 100;

/** Undefined: beside PORT. */
const adminPort: Type<number | "off" | undefined> = {
  range: `0 to ${MAX_PORT}, off`,
  read: (value, variable) => {
    if (value === ADMIN_PORT_DEFAULT) return undefined;
    return value.toLowerCase() === "off" ? "off" : integer(0, MAX_PORT).read(value, variable);
  },
};
const ADMIN_PORT_DEFAULT = `PORT + ${ADMIN_PORT_DISTANCE}`;

const natsUrls: Type<readonly string[]> = {
  range: "nats:// or tls://, [TOKEN@ or USER:PASSWORD@]host:port",
  read: (value, { refuse }) => {
    const urls = value.split(",").map((url) => url.trim());
    // A comma in a password, or another address? With its scheme it is one.
    const torn = urls.slice(1).find((url) => url.includes("@") && !url.includes("://"));
    if (torn !== undefined) {
      const rule =
        "clear: write a comma in a password as %2C, and nats:// before each address that has a name or password";
      return [refuse("…", rule, torn)];
    }
    const rule = "of the form nats://host:port, nats://TOKEN@host:port or nats://USER:PASSWORD@host:port (tls:// too)";
    for (const url of urls) if (!isNatsUrl(url)) refuse(shownUrl(url), rule, url);
    return urls.map((url) => (url.includes("://") ? url : `nats://${url}`));
  },
};

/** A host and a port, perhaps a login, and nothing after: what follows would be ignored, and the user meant something by it. */
function isNatsUrl(url: string): boolean {
  const whole = url.includes("://") ? url : `nats://${url}`;
  if (!/^(nats|tls):\/\/[^\s/?#]+$/.test(whole) || !URL.canParse(whole)) return false;
  const { hostname, port, username } = new URL(whole);
  // Without a user the client library sends no password either.
  return hostname !== "" && port !== "0" && (username !== "" || !whole.includes("@"));
}

/** The variable for traces alone comes first, as OpenTelemetry has it. */
const tracesUrl: Type<string | undefined> = {
  range: webUrl.range,
  read: (value, variable) => {
    const name = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
    const own = (variable.env[name] ?? "").trim();
    return own === "" ? optional(webUrl).read(value, variable) : webUrl.read(own, variableOf(name, variable));
  },
};

// The rows.

const GENERAL = {
  port: setting("PORT", 5000, integer(0, MAX_PORT), "port of the Market's page; 0 takes a free one"),
  host: setting(
    "HOST",
    "127.0.0.1",
    text(/^[A-Za-z0-9.:_-]+$/, "a host name or an IP address"),
    "address of the page's listener; the default is reached from this machine only",
  ),
  keepAliveMs: setting(
    "KEEP_ALIVE_MS",
    90_000,
    integer(1_000, 3_600_000),
    "how long an idle HTTP connection stays open; longer than in a load balancer, nginx has 75 s",
  ),
  adminPort: setting(
    "ADMIN_PORT",
    ADMIN_PORT_DEFAULT,
    adminPort,
    "port of board, metrics and faults, at 127.0.0.1 only; 0 takes a free one, off: none",
  ),
  publicUrl: setting(
    "PUBLIC_URL",
    "",
    optional(origin),
    "address of the shop for browsers behind a proxy, such as https://shop.example; empty: no proxy",
  ),
  natsUrls: setting(
    "NATS_URL",
    "nats://127.0.0.1:4222",
    natsUrls,
    "address of the bus; several of one cluster with commas",
  ),
  logLevel: setting("LOG_LEVEL", "DEBUG", oneOf(...LOG_LEVELS), "lowest level that is printed"),
  logFormat: setting(
    "LOG_FORMAT",
    "text",
    oneOf(...LOG_FORMATS),
    "text for people, json for machines: one object on each line",
  ),
  marketKeys: setting(
    "MARKET_KEYS",
    "",
    optional(keys),
    "keys that sign the carts, newest first, with commas; empty: the Market keeps its own in DWC_STATE",
  ),
  natsCreds: setting(
    "NATS_CREDS",
    "",
    optional(path("file")),
    "file with the credentials for a bus with logins; empty: those in DWC_STATE, if any",
  ),
  openBus: setting(
    "OPEN_BUS",
    0,
    flag,
    "1: a program with NATS_CREDS, or after a bus with logins, joins an open bus as well; off, as an attacker may run it",
  ),
  stateDir: setting(
    "DWC_STATE",
    "~/.datawire",
    path("folder"),
    "folder for what is kept between runs: orgs, credentials, cookie keys",
  ),
  recordFile: setting(
    "RECORD",
    "",
    optional(path("file")),
    "file for the Market's decisions and their reasons, for make replay; empty: none",
  ),
  recordMb: setting(
    "RECORD_MB",
    100,
    integer(1, 10_000),
    "largest size of that file, then recording ends; the default has room for 300,000 calls or more",
  ),
  board: setting(
    "BOARD",
    "local",
    oneOf("local", "public"),
    "public: board and metrics, without faults, are on the page's port as well; local: on the admin port alone",
  ),
  metricsPort: setting(
    "METRICS_PORT",
    "",
    optional(integer(0, 65_000)),
    "port of instance 1's metrics, instance 2 has the next; 0 takes a free one; empty: none",
  ),
  otlpEndpoint: setting(
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "",
    tracesUrl,
    "collector of traces, such as http://localhost:4318; empty: no traces are sent",
  ),
  chaos: setting(
    "CHAOS",
    0,
    flag,
    "1: instances take faults on purpose, from board and terminal; off, because a fault stops an instance",
  ),
  hedge: setting(
    "HEDGE",
    0,
    flag,
    "1: a late call is sent to a second instance as well; off, so that the cost of a hung instance stays visible",
  ),
};

/** @param limits the smallest and the largest value */
const healthRule = (name: string, preset: number, limits: Limits, meaning: string) => ({
  ...setting(name, preset, integer(...limits), meaning),
  limits,
});

/** The numbers by which health is decided (docs/health.md). All times in milliseconds. */
const HEALTH = {
  requestTimeoutMs: healthRule(
    "REQUEST_TIMEOUT_MS",
    1000,
    [10, 60_000],
    "how long a caller waits for an answer; a page waits no longer",
  ),
  failureLimit: healthRule(
    "FAILURE_LIMIT",
    1,
    [1, 100],
    "unanswered calls in a row that open a breaker; with 1, a hung instance costs one wait",
  ),
  retestDelayMs: healthRule(
    "RETEST_DELAY_MS",
    30_000,
    [10, 3_600_000],
    "time from the opening of a breaker to its first retest; a continued process sends a heartbeat before that",
  ),
  retestDelayMaxMs: healthRule(
    "RETEST_DELAY_MAX_MS",
    300_000,
    [10, 86_400_000],
    "maximum of that delay, which doubles; a recovery is noticed after five minutes at the latest",
  ),
  heartbeatIntervalMs: healthRule(
    "HEARTBEAT_INTERVAL_MS",
    15_000,
    [50, 300_000],
    "longest time between two heartbeats, but for services of thousands; each is sent up to a fifth sooner, at random",
  ),
  purgeAfterMs: healthRule(
    "PURGE_AFTER_MS",
    300_000,
    [100, 86_400_000],
    "how long a caller remembers an instance that is gone, and its breaker",
  ),
};

/** Numbers that no user should need to change, each with its reason. */
export const FIXED = {
  leaseIntervals: 2, // one lost beat is normal, two in a row are not
  probationSuccesses: 3, // a page of four things calls a pair of instances twice each: two pages end a probation
  reconnectGraceMs: 5_000, // after a bus restart every instance has to come back first: their longest back-off, twice
  maxIncarnations: 10_000, // at about 500 bytes each, 5 MB: what a flood of forged heartbeats can cost at most
} as const;

/** The smallest and the largest value of a number. */
export type Limits = readonly [min: number, max: number];

const FIXED_LIMITS = {
  leaseIntervals: [1, 100], // below one, a lease would end before the next heartbeat is due
  probationSuccesses: [1, 1_000],
  reconnectGraceMs: [0, 3_600_000],
  maxIncarnations: [1, 1_000_000], // at about 500 bytes each, 500 MB
} as const satisfies Record<keyof typeof FIXED, Limits>;

/** The limits of each rule of health. */
export const HEALTH_LIMITS: Readonly<Record<keyof HealthRules, Limits>> = {
  ...FIXED_LIMITS,
  requestTimeoutMs: HEALTH.requestTimeoutMs.limits,
  failureLimit: HEALTH.failureLimit.limits,
  retestDelayMs: HEALTH.retestDelayMs.limits,
  retestDelayMaxMs: HEALTH.retestDelayMaxMs.limits,
  heartbeatIntervalMs: HEALTH.heartbeatIntervalMs.limits,
  purgeAfterMs: HEALTH.purgeAfterMs.limits,
};

/** All settings, in the order of the docs. */
export const SETTINGS: readonly Omit<Setting<unknown>, "read">[] = Object.values({ ...GENERAL, ...HEALTH });

type Values<Rows> = { readonly [Key in keyof Rows]: Rows[Key] extends Setting<infer T> ? T : never };

/** The rules of health, each a number. docs/health.md says what they do. */
export type HealthRules = { readonly [Key in keyof typeof HEALTH | keyof typeof FIXED]: number };

export interface Settings extends Omit<Values<typeof GENERAL>, "adminPort"> {
  /** The port of the admin listener on 127.0.0.1; 0 takes a free one. */
  readonly adminPort: number | "off";
  readonly health: HealthRules;
  readonly otel: OtelVariables;
  /** Where programs are searched, as in the shell (PATH). It is no setting of ours, but is read with them. */
  readonly searchPath: string;
}

/** Variables of OpenTelemetry that say whether and how spans are sent; the exporter reads the others by itself. */
export interface OtelVariables {
  /** OTEL_SDK_DISABLED. */
  readonly isDisabled: boolean;
  /** OTEL_TRACES_EXPORTER, in lower case. */
  readonly exporters: readonly string[];
  /** OTEL_EXPORTER_OTLP_TRACES_PROTOCOL, else OTEL_EXPORTER_OTLP_PROTOCOL. */
  readonly protocol: string;
}

// Reading.

export type RefusedSettings = { readonly kind: "refused"; readonly problems: readonly string[] };
export type SettingsResult = { readonly kind: "settled"; readonly settings: Settings } | RefusedSettings;

/** Reads the environment once. The result has every problem, not only the first. */
export function readSettings(env: Env): SettingsResult {
  const problems: string[] = [];
  const { adminPort, ...general } = valuesOf(GENERAL, env, problems);
  const settings: Settings = {
    ...general,
    adminPort: adminPort ?? adminPortOf(general.port),
    health: { ...valuesOf(HEALTH, env, problems), ...FIXED },
    otel: readOtelVariables(env),
    searchPath: env["PATH"] ?? "",
  };
  if (problems.length === 0) problems.push(...relationProblems(settings));
  return problems.length > 0 ? { kind: "refused", problems } : { kind: "settled", settings };
}

/** The rules of health while no variable is set. */
export const defaultHealthRules = (): HealthRules => ({ ...valuesOf(HEALTH, {}, []), ...FIXED });

export type NatsUrlsResult = { readonly kind: "read"; readonly urls: readonly string[] } | RefusedSettings;

/** The one setting that a caller or a service shares with the Market: the address of the bus. Undefined: the default. */
export function readNatsUrls(value: string | undefined): NatsUrlsResult {
  const problems: string[] = [];
  const urls = readVariable(GENERAL.natsUrls, { NATS_URL: value }, problems);
  return problems.length > 0 ? { kind: "refused", problems } : { kind: "read", urls };
}

export type BusSettingsResult =
  | { readonly kind: "read"; readonly urls: readonly string[]; readonly natsCreds: string | undefined }
  | RefusedSettings;

/** The settings by which any program finds the bus and logs in: NATS_URL and NATS_CREDS. */
export function readBusSettings(env: Env): BusSettingsResult {
  const problems: string[] = [];
  const urls = readVariable(GENERAL.natsUrls, env, problems);
  const natsCreds = readVariable(GENERAL.natsCreds, env, problems);
  return problems.length > 0 ? { kind: "refused", problems } : { kind: "read", urls, natsCreds };
}

function valuesOf<Rows extends Readonly<Record<string, Setting<unknown>>>>(
  rows: Rows,
  env: Env,
  problems: string[],
): Values<Rows> {
  return Object.fromEntries(
    Object.entries(rows).map(([key, row]) => [key, readVariable(row, env, problems)]),
  ) as unknown as Values<Rows>;
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

/** Settings that contradict each other are refused at the start, not found out during a fault. */
function relationProblems({ health: rules, port, adminPort }: Settings): string[] {
  const problems: string[] = [];
  if (port !== 0 && adminPort === port) {
    problems.push(`ADMIN_PORT=${adminPort} must not be PORT: what is for you alone would be for all visitors`);
  }
  const shown = (key: Variable): string => `${HEALTH[key].name}=${rules[key]}`;
  return [
    ...problems,
    ...contradictions(rules).map(([key, least, why]) => `${shown(key)} ${MUST} ${shown(least)}: ${why}`),
  ];
}

type Variable = keyof typeof HEALTH;
const MUST = "must not be below";

/** The rules that contradict each other: the first is below the second, and why it must not be. */
function contradictions(rules: HealthRules): readonly (readonly [key: Variable, least: Variable, why: string])[] {
  const pairs = [
    ["retestDelayMaxMs", "retestDelayMs", "the delay only grows"],
    ["purgeAfterMs", "requestTimeoutMs", "an instance would be forgotten while a call to it is out"],
  ] as const;
  return pairs.filter(([key, least]) => rules[key] < rules[least]);
}

/** Why the rules contradict each other, by the names of the rules; undefined: they do not. */
export function contradictionIn(rules: HealthRules): string | undefined {
  const [first] = contradictions(rules);
  if (first === undefined) return undefined;
  const [key, least, why] = first;
  return `${key} ${rules[key]} ${MUST} ${least} ${rules[least]}: ${why}`;
}

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
