// takes: 400 s
// The npm package of the library as its user gets it: npm installs the tarball into an empty folder, the examples of its
// page compile there, and two of them run.

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join, normalize } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { importsOf, loadedBy } from "../house/layers.ts";
import { freePort } from "../support/free-port.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { Program } from "../support/program.ts";
import { blocksOf } from "../support/readme.ts";
import { repository } from "../support/repository.ts";
import { until } from "../support/until.ts";
import { type Consumer, filesBelow, makeConsumer, readJson } from "./consumer.ts";

const NAME = "datawire-connect";
/** The limit of the library: npm shows the size of a package, and readers compare it. */
const MAX_PACKED_BYTES = 300_000;
const NEWEST = join(repository, "node_modules/typescript/bin/tsc");
/** Installed by `sh bin/prepare-packages test/package`, which `make test LONG=1` does. */
const OLDEST = join(repository, "test/package/node_modules/typescript/bin/tsc");
const UNNAMED = join(repository, "test/package/unnamed-types.js");

const test = suite("the npm package");
const isOldestThere = existsSync(OLDEST);
const withOldest = isOldestThere ? test : test.skip;
if (!isOldestThere) console.log("  no TypeScript 5.4 here: type  sh bin/prepare-packages test/package");

let user: Consumer;
/** As long as npm has installed nothing but the package. */
let alone: {
  readonly packages: readonly string[];
  readonly names: readonly string[];
  readonly errors: readonly string[];
};

test.before(async () => {
  user = await makeConsumer();
  await user.install(user.tarball);
  const { packages } = readJson(user.folder, "node_modules/.package-lock.json");
  user.write("plain.ts", `import * as library from "${NAME}";\nexport const names = Object.keys(library);\n`);
  user.write(
    "plain.cts",
    `import library = require("${NAME}");\nexport const bus: Promise<library.Bus> = library.connectBus();\n`,
  );
  const errors = await compile(NEWEST, { ...SETUPS[0], types: [] }, ["plain.ts", "plain.cts"]);
  alone = { packages: Object.keys(packages as object).sort(), names: await namesIn(NAME), errors };
  // What the examples need besides.
  await user.install("@types/node", "@opentelemetry/api", "valibot");
  for (const { file, text } of examples()) user.write(file, text);
});
test.after(() => user?.end());

const page = (): string => readFileSync(join(user.installed, "README.md"), "utf8");
/** Each begins with `// NAME.ts: `. */
const examples = (): readonly { readonly file: string; readonly text: string }[] =>
  blocksOf(page())
    .filter(({ language }) => language === "ts")
    .map(({ text }) => ({ file: /^\/\/ (\w+\.ts): /.exec(text)?.[1] ?? "", text }));

const manifest = readJson(repository, "package/package.json") as Record<"exports" | "dependencies", object>;
const sources = Object.values<string>(manifest.exports as Record<string, string>).map(normalize);
const compiled = (source: string): string => source.replace(/^src/, "dist").replace(/ts$/, "js");
const textsOf = (pattern: RegExp): readonly (readonly [file: string, text: string])[] =>
  filesBelow(user.installed)
    .filter((file) => pattern.test(file))
    .map((file) => [file, readFileSync(join(user.installed, file), "utf8")]);

test("npm installs it, nats and the two that nats needs", () => {
  const names = [NAME, "nats", "nkeys.js", "tweetnacl"];
  assert.equal(
    alone.packages,
    names.map((name) => `node_modules/${name}`),
  );
});

test("the manifest is that of the library, with the version of the whole", () => {
  const { name, version, license, engines, dependencies, bin, exports, sideEffects } = readJson(
    user.installed,
    "package.json",
  );
  const whole = readJson(repository, "package.json");
  assert.equal([name, version, license], [NAME, whole["version"], whole["license"]]);
  assert.equal(engines, whole["engines"]);
  assert.equal(dependencies, manifest.dependencies);
  assert.is(sideEffects, false);
  const entries = Object.values(exports as Record<string, string | Record<string, string>>);
  for (const file of entries.flatMap((one) => (typeof one === "string" ? one : Object.values(one))))
    assert.ok(existsSync(join(user.installed, file)), file);
  assert.ok(existsSync(join(user.installed, (bin as Record<string, string>)["dwc"] ?? "")));
  const file = `${NAME}-${version}.tgz`;
  assert.match(user.tarball, file);
  for (const text of [page(), readFileSync(join(repository, "README.md"), "utf8")]) assert.match(text, file);
});

test("it is small", () => {
  const { size } = statSync(user.tarball);
  assert.ok(size <= MAX_PACKED_BYTES, `${size} bytes packed`);
});

test("it has the files that its entry points load, and no others", () => {
  const files = filesBelow(join(repository, "src"))
    .map((file) => `src/${file}`)
    .filter((file) => file.endsWith(".ts"));
  const texts = files.map((file) => ({ file, text: readFileSync(join(repository, file), "utf8") }));
  // A process of its own, which an instance with `chaos` starts.
  const loaded = [...loadedBy([...sources, "src/faults/pause-watchdog.ts"], texts)].filter((file) => /^src/.test(file));
  const own = filesBelow(user.installed).filter((file) => !file.startsWith("dist/dwc/"));
  assert.equal(
    own.filter((file) => file.endsWith(".js")),
    loaded.map(compiled).sort(),
  );
  assert.equal(
    own.filter((file) => !/\.(js|d\.ts)$/.test(file)),
    ["LICENSE", "README.md", "package.json"],
  );
  const command = filesBelow(join(user.installed, "dist/dwc")).filter((file) => !file.endsWith(".js"));
  assert.equal(command, ["THIRD-PARTY.txt"]);
});

test("its files import each other, Node, nats and the API of OpenTelemetry", () => {
  const wrong = textsOf(/\.(js|d\.ts)$/).flatMap(([file, text]) =>
    importsOf(text.replaceAll(";", ";\n"))
      .filter(({ path }) => !/^(\.|node:|nats$|nats\/|@opentelemetry\/api$)/.test(path))
      .map(({ path }) => `${file}: ${path}`),
  );
  assert.equal(wrong, []);
  const third = readFileSync(join(user.installed, "dist/dwc/THIRD-PARTY.txt"), "utf8");
  for (const name of ["@nats-io/jwt", "@nats-io/nkeys", "tweetnacl", "valibot"])
    assert.match(third, new RegExp(`^${name} [\\d.]+ \\([\\w.-]+\\)\n\n(The text is that of LICENSE|.+\n)`, "m"));
});

test("no file names a folder of some machine, a source map that is not there, or a command that is not there", () => {
  const patterns = [
    /(?<![\w.~-])\/(home|Users|root|work|workspace|builds?)\/\w/,
    /sourceMappingURL/,
    /bin\/dwc(?![\w.-])/,
    /datawire-market\//,
  ];
  const own = [repository, homedir()].filter((folder) => folder.length > 1);
  const wrong = textsOf(/\.(js|ts|json|md)$/).flatMap(([file, text]) => [
    ...patterns.filter((pattern) => pattern.test(text)).map((pattern) => `${file}: ${pattern}`),
    ...own.filter((folder) => text.includes(`${folder}/`)).map((folder) => `${file}: ${folder}`),
  ]);
  assert.equal(wrong, []);
});

/** The exported names of a module, which loads without a warning. */
async function namesIn(name: string, load = `await import("${name}")`): Promise<readonly string[]> {
  const program = `const found = ${load}; console.log(JSON.stringify(Object.keys(found).sort()));`;
  const { stdout, stderr } = await user.run(process.execPath, ["--input-type=module", "--eval", program]);
  assert.is(stderr, "");
  return JSON.parse(stdout);
}

test("without OpenTelemetry and the types of Node it loads and compiles", () => {
  assert.ok(alone.names.includes("connectBus"), alone.names.join(" "));
  assert.equal(alone.errors, []);
});

test("require loads the same, and what is no entry point cannot be loaded", async () => {
  const required = `(await import("node:module")).createRequire(import.meta.url)("${NAME}")`;
  assert.equal(await namesIn(NAME, required), alone.names);
  assert.equal(await namesIn(`${NAME}/tracing`), ["tracingOf"]);
  assert.equal(await namesIn(`${NAME}/metrics`), ["METRICS_CONTENT_TYPE", "metricsOf"]);
  const kit = ["FakeClock", "MemoryBus", "MemoryNetwork", "fakeClock", "faults", "memoryBus", "testClient"];
  assert.equal(await namesIn(`${NAME}/testing`), kit);
  const deep = await user.run(
    process.execPath,
    ["--input-type=module", "--eval", `await import("${NAME}/dist/service/client.js")`],
    false,
  );
  assert.match(deep.stderr, "ERR_PACKAGE_PATH_NOT_EXPORTED");
});

/**
 * What a compiler found wrong. Libraries are checked as well, but for `nats`: its own types need TypeScript 5.7, and break
 * `exactOptionalPropertyTypes`.
 */
async function compile(
  compiler: string,
  options: object,
  files: readonly string[] = examples().map(({ file }) => file),
): Promise<readonly string[]> {
  const compilerOptions = { strict: true, target: "es2022", types: ["node"], skipLibCheck: false, ...options };
  user.write("tsconfig.json", JSON.stringify({ compilerOptions, files }));
  const { stdout, code } = await user.run(process.execPath, [compiler], false);
  const errors = stdout.split(/\n(?! )/).filter((error) => error !== "");
  assert.is(code === 0, errors.length === 0, stdout);
  return errors.filter((error) => !error.startsWith("node_modules/nats/"));
}

const MODULES = [
  { module: "nodenext", moduleResolution: "nodenext" },
  { module: "esnext", moduleResolution: "bundler" },
];
const SETUPS = MODULES.flatMap((one) =>
  [true, false].map((exactOptionalPropertyTypes) => ({ ...one, exactOptionalPropertyTypes, noEmit: true })),
);

test("the examples compile with the newest TypeScript", async () => {
  assert.ok(examples().length >= 7 && examples().every(({ file }) => file !== ""), page());
  for (const setup of SETUPS) {
    assert.equal(await compile(NEWEST, setup), [], JSON.stringify(setup));
  }
});

withOldest("the examples compile with TypeScript 5.4", async () => {
  for (const setup of SETUPS) assert.equal(await compile(OLDEST, setup), [], JSON.stringify(setup));
});

withOldest("a user can name every type of an exported signature", async () => {
  const unnamed = async (...files: readonly string[]): Promise<readonly { readonly type: string }[]> => {
    const paths = files.map((file) => join(user.installed, file.replace(/js$/, "d.ts")));
    return JSON.parse((await user.run(process.execPath, [UNNAMED, ...paths])).stdout);
  };
  assert.equal(await unnamed(...sources.map(compiled)), []);
  const alone = await unnamed("dist/trace/spans.js");
  assert.ok(
    alone.some(({ type }) => type === "Tracing"),
    "one that is left out would be found",
  );
});

test("four operations with schemas and a limit take fewer than forty lines: contract, handlers and start", () => {
  const lines = (file: string): readonly string[] =>
    (examples().find((one) => one.file === file)?.text ?? "").split("\n").filter((line) => /^[^/]/.test(line));
  const start = lines("stock.ts").findIndex((line) => line.startsWith("console.log"));
  assert.ok(start > 0);
  const count = lines("inventory.ts").length + start;
  assert.ok(count < 40, `${count} lines`);
});

test("the instance and the caller of its page work over a real bus, and the command shows the instance", async () => {
  const errors = await compile(NEWEST, { ...MODULES[0], outDir: "built" });
  assert.equal(errors, []);
  const server = await startNatsServer();
  const env = { NATS_URL: server.url };
  const script = (name: string): string => join(user.folder, "built", `${name}.js`);
  const stock = new Program({ name: "another", script: script("stock"), env });
  try {
    await stock.waitFor(/^instance 1 is up: inventory\.get\.1-/);
    const caller = new Program({ name: "another", script: script("caller"), env });
    assert.equal(await caller.ended, { code: 0, signal: null });
    assert.equal(caller.lines, ["5 left", "error: 409 too little tea"]);
    const shown = await user.run("env", [`NATS_URL=${server.url}`, "npx", "dwc", "ps", "--json"]);
    assert.match(shown.stdout, /"inventory"[\s\S]*"instance": ?1/);
    stock.signal("SIGTERM");
    assert.equal(await stock.ended, { code: 0, signal: null });
  } finally {
    await stock.end();
    await server.stop();
  }
});

test("its tests run without a server, and a caller serves its metrics", async () => {
  assert.equal(await compile(NEWEST, { ...MODULES[0], outDir: "built" }), []);
  for (const name of ["failover", "handled"]) {
    const { stdout } = await user.run(process.execPath, ["--test", `built/${name}.js`]);
    assert.match(stdout, /pass 1\n/);
    assert.match(stdout, /fail 0\n/);
  }
  const server = await startNatsServer();
  const port = await freePort();
  const env = { NATS_URL: server.url, METRICS_PORT: String(port) };
  const metered = new Program({ name: "another", script: join(user.folder, "built/metered.js"), env });
  try {
    let response: Response | undefined;
    await until("the metrics are served", async () => {
      response = await fetch(`http://127.0.0.1:${port}`).catch(() => undefined);
      return response !== undefined;
    });
    assert.is(response?.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert.match((await response?.text()) ?? "", 'dwc_instances{service="inventory",status="up"} 0\n');
  } finally {
    await metered.end();
    await server.stop();
  }
});

test("npx dwc runs, and makes credentials without a package of its own", async () => {
  const dwc = async (...args: readonly string[]): Promise<string> => {
    const { stdout, stderr } = await user.run("npx", ["dwc", ...args]);
    return stdout + stderr;
  };
  assert.is(await dwc("--version"), `${readJson(user.installed, "package.json")["version"]}\n`);
  assert.match(await dwc("--help"), /npx dwc COMMAND --help/);
  await dwc("create-org", "Greetings", "Ann", "ann@example.org");
  assert.match(await dwc("create-service", "greetings"), /greetings\.creds/);
  assert.equal(readdirSync(join(user.folder, "node_modules/.bin")).includes("dwc"), true);
});

test.run();
