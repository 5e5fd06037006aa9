import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FIXED, otherPort, readSettings, SETTINGS, type Settings } from "../src/settings.ts";
import { goldenOf } from "./support/golden.ts";

const test = suite("settings");
const golden = goldenOf(test, "settings");

type Env = Record<string, string>;
const HOME = { HOME: "/people/anna" };

function settled(env: Env): Settings {
  const result = readSettings({ ...HOME, ...env });
  if (result.kind === "refused") throw new Error(`refused: ${result.problems.join("; ")}`);
  return result.settings;
}

function problems(env: Env): readonly string[] {
  const result = readSettings({ ...HOME, ...env });
  return result.kind === "refused" ? result.problems : [];
}

/** Each value is refused in one sentence that names the variable, the value and the rule. */
function refuses(name: string, values: readonly string[], rule: RegExp): void {
  for (const value of values) {
    const [problem, ...others] = problems({ [name]: value });
    assert.equal(others, [], `${name}=${value}`);
    assert.ok(
      problem?.startsWith(`${name}=`) && problem.includes(value.trim()) && rule.test(problem),
      `${name}=${value}: ${problem}`,
    );
  }
}

test("an empty environment gives the documented defaults", () => {
  assert.equal(settled({}), {
    port: 5_000,
    host: "127.0.0.1",
    keepAliveMs: 90_000,
    natsUrls: ["nats://127.0.0.1:4222"],
    logLevel: "DEBUG",
    logFormat: "text",
    marketKeys: undefined,
    stateDir: "/people/anna/.datawire",
    natsCreds: undefined,
    recordFile: undefined,
    recordMb: 100,
    otel: { isDisabled: false, exporters: ["otlp"], protocol: "http/json" },
    searchPath: "",
    adminPort: 5_100,
    publicUrl: undefined,
    board: "local",
    metricsPort: undefined,
    health: {
      requestTimeoutMs: 1_000,
      failureLimit: 1,
      retestDelayMs: 30_000,
      retestDelayMaxMs: 300_000,
      heartbeatIntervalMs: 15_000,
      purgeAfterMs: 300_000,
      leaseIntervals: 2,
      probationSuccesses: 3,
      reconnectGraceMs: 5_000,
      maxIncarnations: 10_000,
    },
    hedge: false,
    chaos: false,
    otlpEndpoint: undefined,
    openBus: false,
  });
});

test("every row of the table is read: a value that is wrong for it is noticed", () => {
  const odd: Env = {
    HOST: "a b",
    NATS_URL: "http://x",
    LOG_LEVEL: "?",
    LOG_FORMAT: "?",
    MARKET_KEYS: "short",
    DWC_STATE: "~anna/x",
    NATS_CREDS: "~anna/x.creds",
    RECORD: "~anna/x.record",
  };
  for (const { name } of SETTINGS) assert.ok(problems({ [name]: odd[name] ?? "x" }).length > 0, name);
});

test("every row has a meaning, and no name stands twice", () => {
  for (const { name, meaning } of SETTINGS) assert.ok(meaning.length > 20, name);
  assert.is(new Set(SETTINGS.map(({ name }) => name)).size, SETTINGS.length);
});

test("a collector is an address on the web, and a password in one is not printed", () => {
  for (const good of ["http://localhost:4318", "https://collector.example.org/otlp", "http://[::1]:4318"])
    assert.is(settled({ OTEL_EXPORTER_OTLP_ENDPOINT: good }).otlpEndpoint, good);
  refuses(
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    ["localhost:4318", "grpc://localhost:4317", "http://", "http:///x", "http://a b", "1"],
    /of the form http:\/\/host:port \(https:\/\/ too\)$/,
  );
  const [problem = ""] = problems({ OTEL_EXPORTER_OTLP_ENDPOINT: "grpc://me:secret@host" });
  assert.not.match(problem, "secret");
});

test("an empty or blank variable counts as not set, and blanks around a value are no part of it", () => {
  assert.is(settled({ PORT: "" }).port, 5_000);
  assert.is(settled({ PORT: "  " }).port, 5_000);
  assert.is(settled({ PORT: " 8080 " }).port, 8_080);
});

test("the admin port follows the port of the page, unless it is set", () => {
  for (const [env, expected] of [
    [{}, 5_100],
    [{ PORT: "8080" }, 8_180],
    [{ PORT: "0" }, 0],
    [{ PORT: "65435" }, 65_535],
    [{ PORT: "65436" }, 65_336],
    [{ PORT: "65535" }, 65_435],
    [{ ADMIN_PORT: "0" }, 0],
    [{ ADMIN_PORT: " 9000 " }, 9_000],
    [{ ADMIN_PORT: "off" }, "off"],
    [{ ADMIN_PORT: "OFF", PORT: "0" }, "off"],
    [{ ADMIN_PORT: "0", PORT: "0" }, 0],
  ] as const)
    assert.is(settled(env).adminPort, expected, JSON.stringify(env));
  refuses("ADMIN_PORT", ["65536", "-1", "no", "5e3", "5100,5200"], /a whole number from 0 to 65535$/);
  golden(problems({ ADMIN_PORT: "5000" })[0] ?? "");
});

test("PUBLIC_URL is an origin, as browsers send it", () => {
  for (const [given, origin] of [
    ["https://shop.example", "https://shop.example"],
    ["https://SHOP.example:443/", "https://shop.example"],
    ["http://shop.example:8080", "http://shop.example:8080"],
    ["https://[2001:db8::1]", "https://[2001:db8::1]"],
  ] as const)
    assert.is(settled({ PUBLIC_URL: given }).publicUrl, origin);
  refuses(
    "PUBLIC_URL",
    ["shop.example", "https://shop.example/stall", "ftp://shop.example", "https://", "1"],
    /of the form https:\/\/host or http:\/\/host:port, with no path$/,
  );
  const [problem = ""] = problems({ PUBLIC_URL: "https://me:secret@shop.example" });
  assert.match(problem, /^PUBLIC_URL=/);
  assert.not.match(problem, "secret");
});

test("numbers are whole, and within their bounds", () => {
  assert.is(settled({ PORT: "0" }).port, 0);
  assert.is(settled({ PORT: "65535" }).port, 65_535);
  refuses(
    "PORT",
    ["65536", "-1", "5000.5", "5e3", "0x10", "five", "1 2", "٣", "9".repeat(400)],
    /a whole number from 0 to 65535$/,
  );
  refuses("REQUEST_TIMEOUT_MS", ["9", "60001", "1s"], /from 10 to 60000$/);
  refuses("FAILURE_LIMIT", ["0", "101"], /from 1 to 100$/);
  refuses("RETEST_DELAY_MS", ["9", "3600001"], /from 10 to 3600000$/);
  refuses("RETEST_DELAY_MAX_MS", ["9", "86400001"], /from 10 to 86400000$/);
  refuses("HEARTBEAT_INTERVAL_MS", ["49", "300001"], /from 50 to 300000$/);
  refuses("PURGE_AFTER_MS", ["99", "86400001"], /from 100 to 86400000$/);
});

test("the host is a name or an address, and nothing that could be more", () => {
  for (const host of ["0.0.0.0", "::1", "localhost", "market-1.example"]) assert.is(settled({ HOST: host }).host, host);
  refuses("HOST", ["http://x", "a b", "a;b", "[::1]"], /a host name or an IP address$/);
});

test("levels and formats are taken in any case", () => {
  assert.is(settled({ LOG_LEVEL: "warning" }).logLevel, "WARNING");
  assert.is(settled({ LOG_FORMAT: "JSON" }).logFormat, "json");
  refuses("LOG_LEVEL", ["WARN", "verbose"], /one of DEBUG, INFO, WARNING, ERROR$/);
  refuses("LOG_FORMAT", ["xml"], /one of text, json$/);
});

test("the bus may have several addresses, with or without a scheme", () => {
  assert.equal(settled({ NATS_URL: "nats://a:1, tls://b:2 ,c:3,d" }).natsUrls, [
    "nats://a:1",
    "tls://b:2",
    "nats://c:3",
    "nats://d",
  ]);
  assert.equal(settled({ NATS_URL: "nats://[::1]:4222" }).natsUrls, ["nats://[::1]:4222"]);
  assert.equal(settled({ NATS_URL: "nats://anna:secret@bus:4222" }).natsUrls, ["nats://anna:secret@bus:4222"]);
});

test("an address that is none is refused, each by itself", () => {
  refuses("NATS_URL", ["http://bus:4222", "nats://", "nats://bus:99999", "ws://bus"], /nats:\/\/host:port/);
  assert.equal(problems({ NATS_URL: "http://a,nats://b,ftp://c" }).length, 2);
  assert.is(problems({ NATS_URL: "nats://a,,nats://b" }).length, 1, "an empty address between commas");
  for (const url of [
    "nats://bus:4222/path",
    "nats://bus:4222?x=1",
    "nats://bus:4222#x",
    "nats://a b",
    "nats://bus:0",
  ]) {
    assert.is(problems({ NATS_URL: url }).length, 1, url);
  }
});

test("an address whose login no client would send is refused", () => {
  for (const url of ["nats://:hush@bus:4222", ":hush@bus", "tls://:hush@bus", "nats://@bus:4222", "nats://:@bus"]) {
    const found = problems({ NATS_URL: url });
    golden(found.join("\n"));
    assert.not.match(found.join("\n"), /hush/);
  }
  for (const url of ["nats://token@bus", "nats://anna:@bus", "nats://anna:pw@bus"])
    assert.equal(settled({ NATS_URL: url }).natsUrls, [url]);
});

test("a wrong address is shown without the password that it holds", () => {
  const [problem = ""] = problems({ NATS_URL: "http://anna:hush@bus:4222" });
  assert.not.match(problem, /hush/);
  golden(problem);
});

test("no part of a password is shown, wherever in an address it stands", () => {
  const wrong = [
    ...[
      "nats://anna:se,cret@bus:4222",
      "nats://anna:1,2cret@bus",
      "nats://anna:s/ecret@bus",
      "nats://anna:s#ecret@bus",
    ],
    ...["nats://anna:s?ecret@bus", "nats://anna:s ecret@bus", "nats://anna:secret", "http://secret@bus"],
    ...["nats://bus:4222/?password=secret", "nats://an@na:s@ecret@", "nats://a:1,secret@b:2"],
  ];
  for (const url of wrong) {
    const found = problems({ NATS_URL: url });
    assert.ok(found.length > 0, url);
    assert.not.match(found.join("\n"), /cret|2c/, url);
  }
});

test("keys are of 16 characters or more, newest first, and are never printed", () => {
  const [newer, older] = ["n".repeat(16), "o".repeat(40)];
  assert.equal(settled({ MARKET_KEYS: `${newer}, ${older}` }).marketKeys, [newer, older]);
  for (const keys of ["hushhush", `${newer},hush`, `${newer},`, ","]) {
    const [problem, ...others] = problems({ MARKET_KEYS: keys });
    assert.equal(others, []);
    golden(problem ?? "");
  }
});

test("the state's folder may begin with ~, which needs HOME", () => {
  assert.is(settled({}).natsCreds, undefined);
  assert.is(settled({ NATS_CREDS: "~/ratings.creds" }).natsCreds, "/people/anna/ratings.creds");
  assert.is(settled({ DWC_STATE: "~" }).stateDir, "/people/anna");
  assert.is(settled({ DWC_STATE: "~/state" }).stateDir, "/people/anna/state");
  assert.is(settled({ DWC_STATE: "/var/state" }).stateDir, "/var/state");
  assert.is(settled({ DWC_STATE: "./state" }).stateDir, "./state");
  for (const HOME of ["", undefined]) {
    const result = readSettings({ HOME });
    golden(result);
  }
  assert.is(readSettings({ DWC_STATE: "/var/state" }).kind, "settled", "without HOME a full path does");
});

test("where programs are looked for is the shell's PATH, as it stands", () => {
  assert.is(settled({ PATH: "/a:/b" }).searchPath, "/a:/b");
});

test("another person's home is not guessed", () => {
  refuses("DWC_STATE", ["~bert/state"], /~\/|folder/);
  for (const letter of ["\u0000", "\u0007", "\n", "\u001b[31m", "\u007f", "\u009b", "\u2028", "\ud800", "\ufffd"])
    for (const name of ["DWC_STATE", "NATS_CREDS", "RECORD"]) {
      const rule = "is not a path in UTF-8 without control characters";
      const shown = `a${letter.replace(/[^[\dm]/, "?")}b`;
      assert.equal(problems({ [name]: `a${letter}b` }), [`${name}=${shown} ${rule}`]);
    }
  const home = problems({ HOME: "/people/an\u001bna" });
  golden(home);
  assert.is(settled({ DWC_STATE: "/\u0622\u200c\u0646/é/\u{1f469}" }).stateDir, "/\u0622\u200c\u0646/é/\u{1f469}");
});

test("numbers that contradict each other are refused, with both", () => {
  assert.match(
    problems({ RETEST_DELAY_MS: "500", RETEST_DELAY_MAX_MS: "400" })[0] ?? "",
    /RETEST_DELAY_MAX_MS=400 .*RETEST_DELAY_MS=500/,
  );
  assert.match(
    problems({ REQUEST_TIMEOUT_MS: "500", PURGE_AFTER_MS: "400" })[0] ?? "",
    /PURGE_AFTER_MS=400 .*REQUEST_TIMEOUT_MS=500/,
  );
  assert.equal(problems({ RETEST_DELAY_MS: "400", RETEST_DELAY_MAX_MS: "400" }), []);
});

test("every problem is reported at once, not only the first", () => {
  assert.is(
    problems({ PORT: "x", HOST: "a b", LOG_LEVEL: "loud", NATS_URL: "http://x", FAILURE_LIMIT: "0" }).length,
    5,
  );
});

test("the fixed numbers are as the README says", () => {
  assert.equal(FIXED, { leaseIntervals: 2, probationSuccesses: 3, reconnectGraceMs: 5_000, maxIncarnations: 10_000 });
});

test("an address in the place of any other value shows neither name nor password", () => {
  for (const { name } of SETTINGS.filter(({ name }) => name !== "NATS_URL"))
    for (const value of ["nats://ursula:pass%40w/o rd@bus:4222", "ursula:pass%40word@bus", "~ursula:password@bus"]) {
      const shown =
        name === "MARKET_KEYS" || readSettings({ [name]: value }).kind === "settled" ? [] : problems({ [name]: value });
      assert.not.match(shown.join("; "), /ursula|pass|o rd/, `${name}=${value}`);
    }
  for (const name of ["DWC_STATE", "NATS_CREDS", "RECORD"])
    assert.equal(problems({ [name]: "nats://ursula:password@bus" }).length, 1, name);
});

test("the variable for traces alone comes first, and is enough", () => {
  const traces = "http://collector:4318/v1/traces";
  const both = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://other:4318", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: traces };
  assert.is(settled({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: traces }).otlpEndpoint, traces);
  assert.is(settled(both).otlpEndpoint, traces);
  assert.is(settled({ ...both, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: " " }).otlpEndpoint, "http://other:4318");
  assert.match(
    problems({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "collector" }).join(),
    /^OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=/,
  );
});

test("another port is one that there is, and not that of the other listener", () => {
  assert.equal(
    [
      otherPort(5_000),
      otherPort(5_000, 5_001),
      otherPort(65_535),
      otherPort(65_535, 65_534),
      otherPort(65_534, 65_535),
    ],
    [5_001, 5_002, 65_534, 65_533, 65_532],
  );
});

test.run();
