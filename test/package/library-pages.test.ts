// The pages in docs/library: each block of TypeScript is a file that compiles against the compiled library, with the options of
// a user. A block of text right behind it is what it prints, and it is run. Files that end with .test.ts are run as tests.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { Program } from "../support/program.ts";
import { blocksOf } from "../support/readme.ts";
import { repository } from "../support/repository.ts";
import { type CommandResult, runCommand } from "./command.ts";

interface Example {
  /** Without its ending. */
  readonly name: string;
  readonly text: string;
  /** What it prints. Undefined: it is only compiled. */
  readonly prints: string | undefined;
}

const PAGES = join(repository, "docs/library");
/** What a reader takes in at once. */
const [MIN_LINES, MAX_LINES, MAX_COLUMNS] = [30, 150, 120];

const pages = readdirSync(PAGES).map((file) => ({ file, text: readFileSync(join(PAGES, file), "utf8") }));
const examples = pages.flatMap(({ text }) => examplesOf(text));

/** Each begins with `// NAME.ts: `. */
function examplesOf(page: string): readonly Example[] {
  const blocks = blocksOf(page);
  return blocks.flatMap(({ language, text }, index) => {
    if (language !== "ts") return [];
    const next = blocks[index + 1];
    const name = /^\/\/ ([\w.-]+)\.ts: /.exec(text)?.[1] ?? "";
    return [{ name, text, prints: next?.language === "text" ? next.text : undefined }];
  });
}

const test = suite("docs/library");

/** Below dist, so that the packages of the project are found; the library is the one in dist. */
let folder: string;
let server: TestServer;

test.before(async () => {
  folder = mkdtempSync(join(repository, "dist/library-pages-"));
  const library = join(folder, "node_modules/datawire-connect");
  mkdirSync(library, { recursive: true });
  symlinkSync(join(repository, "dist"), join(library, "dist"));
  writeFileSync(join(library, "package.json"), JSON.stringify({ type: "module", exports: compiledExports() }));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  for (const { name, text } of examples) writeFileSync(join(folder, `${name}.ts`), text);
  server = await startNatsServer();
});
test.after(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The entry points of the package, as they are compiled here. */
function compiledExports(): Record<string, object> {
  const { exports } = JSON.parse(readFileSync(join(repository, "package/package.json"), "utf8"));
  return Object.fromEntries(
    Object.entries(exports as Record<string, string>).map(([name, source]) => {
      const path = source.replace(/^\.\/src\/(.*)\.ts$/, "./dist/src/$1");
      return [name, { types: `${path}.d.ts`, default: `${path}.js` }];
    }),
  );
}

const run = (...args: readonly string[]): Promise<CommandResult> =>
  runCommand(process.execPath, args, { cwd: folder, env: { NATS_URL: server.url }, mustSucceed: false });

test("each block of TypeScript names its file, and no two the same", () => {
  const names = examples.map(({ name }) => name);
  assert.ok(names.length > 15 && names.every((name) => name !== ""), names.join(" "));
  assert.is(new Set(names).size, names.length, names.join(" "));
});

test("all of them compile, as strictly as a user may want", async () => {
  const compilerOptions = {
    ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: true },
    ...{ noPropertyAccessFromIndexSignature: true, noUnusedLocals: true, noUnusedParameters: true },
    ...{ target: "es2022", lib: ["es2022", "esnext.disposable"], module: "nodenext", types: ["node"] },
    ...{ verbatimModuleSyntax: true, outDir: "built" },
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  const { stdout } = await run(join(repository, "node_modules/typescript/bin/tsc"));
  assert.is(stdout, "");
});

test("each prints what its page shows", async () => {
  const instance = new Program({
    name: "another",
    script: join(folder, "built/instance.js"),
    env: { NATS_URL: server.url },
  });
  try {
    await instance.waitFor(/^instance 1 is up/);
    const printing = examples.filter(({ prints }) => prints !== undefined);
    assert.ok(printing.length > 5);
    for (const { name, prints } of printing) {
      const { stdout, stderr } = await run(`built/${name}.js`);
      assert.is(stdout + stderr, prints, `${name}.ts`);
    }
    instance.signal("SIGTERM");
    assert.equal(await instance.ended, { code: 0, signal: null });
  } finally {
    await instance.end();
  }
});

test("its tests pass", async () => {
  const names = examples.map(({ name }) => name).filter((name) => name.endsWith(".test"));
  assert.ok(names.length > 1);
  for (const name of names) {
    const { stdout, code } = await run("--test", `built/${name}.js`);
    assert.is(code, 0, stdout);
    assert.match(stdout, /pass [1-9]/);
  }
});

test("a service and its caller take some thirty lines", () => {
  const lines = ["inventory", "instance", "caller"].flatMap((name) =>
    (examples.find((one) => one.name === name)?.text ?? "").split("\n").filter((line) => /^[^/]/.test(line)),
  );
  assert.ok(lines.length <= 32, `${lines.length} lines`);
});

test("the pages are short, and no line is too long", () => {
  for (const { file, text } of pages) {
    const lines = text.trimEnd().split("\n");
    assert.ok(lines.length >= MIN_LINES && lines.length <= MAX_LINES, `${file} has ${lines.length} lines`);
    const long = lines.filter((line) => !line.startsWith("|") && line.length > MAX_COLUMNS);
    assert.equal(long, [], file);
  }
});

test.run();
