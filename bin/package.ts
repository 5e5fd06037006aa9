// Builds the npm package of the library: `package [FOLDER]` writes datawire-connect-VERSION.tgz into the folder.
//
// package/package.json is its manifest. The entry points and the command are sources there, and compiled files in the
// manifest that is published. Version, license and engines are those of the whole.
//
// Its limit is 300 kB. So there are no source maps, and the compiled files have no comments, no blanks and the shortest
// syntax (2 kB). The names in them are those of the sources, also in a stack trace. The declarations have the comments of
// what is public.

import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, posix, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

type Names = Readonly<Record<string, string>>;

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly engines: Names;
}

/** package/package.json. Entry points and commands are sources. */
interface LibraryManifest {
  readonly name: string;
  readonly exports: Names;
  readonly bin: Names;
}

/** The files that esbuild read, by paths from its working folder. */
interface Metafile {
  readonly inputs: Readonly<Record<string, unknown>>;
}

const root = dirname(fileURLToPath(import.meta.resolve("#root/package.json")));
const PAGES = ["README.md", "LICENSE"];
/** The folder of the sources, and that of the compiled files. */
const [SOURCES, COMPILED] = ["src", "dist"];
/** The folder of the bundled command. */
const COMMAND = `${COMPILED}/dwc`;
const NOTICES = `${COMMAND}/THIRD-PARTY.txt`;
/** Packages that are CommonJS ask for Node's own modules with require, which a module does not have. */
const REQUIRE = 'import { createRequire as requireOf } from "node:module"; const require = requireOf(import.meta.url);';
/** A program that a file starts as a process of its own, beside itself. */
const STARTED = /new URL\("(\.\/[^"]+\.js)", import\.meta\.url\)/g;
const IMPORTED = /\b(?:from |import )"(\.[^"]+)"|\bimport\("(\.[^"]+)"\)/g;
/** A file of the library, as esbuild names it in the bundle. */
const LIBRARY_SOURCE = /"(?:\.\.\/)+src\/([^"]+)\.ts"/g;
const PACKAGE_FOLDER = /.*node_modules\/(?:@[^/]+\/)?[^/]+/;
/** The command has the code of a log, and writes none. */
const UNUSED = ["pino"];
const BYTES_PER_KB = 1000;
/** A line of a stack trace should lead to a part of a function, not to the whole file. At 120 the package is 2.4 kB larger. */
const LINE_LENGTH = 300;

const readJson = <T>(path: string): T => JSON.parse(readFileSync(join(root, path), "utf8")) as T;
const ofWhole = readJson<Manifest>("package.json");
const ofLibrary = readJson<LibraryManifest>("package/package.json");

const target = resolve(process.argv[2] || ".");
mkdirSync(join(root, ".prepared"), { recursive: true });
// Within the repository, so that the compiler finds its packages.
const staging = mkdtempSync(join(root, ".prepared/package-"));
process.once("exit", () => rmSync(staging, { recursive: true, force: true }));

const folder = join(staging, "package");
copySources(folder);
compile(folder);
const loaded = loadedFiles(folder);
bundleCommand(folder, loaded);
keepOnly(folder, new Set([...loaded, ...declarations(folder)]));
shorten(folder, loaded);
for (const sources of [SOURCES, "bin"]) rmSync(join(folder, sources), { recursive: true });
for (const page of PAGES) {
  const ofPackage = join("package", page);
  copyText(existsSync(join(root, ofPackage)) ? ofPackage : page, join(folder, page));
}
writeFileSync(join(folder, "package.json"), `${JSON.stringify(published(), undefined, 2)}\n`);
const file = join(target, pack(folder));
const files = filesIn(folder).length;
console.log(`${relative(process.cwd(), file)}: ${files} files, ${Math.ceil(statSync(file).size / BYTES_PER_KB)} kB`);

function copySources(folder: string): void {
  for (const file of [SOURCES, "bin"].flatMap((room) => filesIn(join(root, room), room)))
    if (file.endsWith(".ts")) copyText(file, join(folder, file));
}

/** A user of the package has no folder `bin`: messages and pages name the command as npm installs it. */
function copyText(file: string, to: string): void {
  write(to, readFileSync(join(root, file), "utf8").replace(/\bbin\/dwc(?![\w.-])/g, "npx dwc"));
}

/** Relative to `folder`, or to the folder that contains `prefix`. */
function filesIn(folder: string, prefix = ""): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => posix.join(prefix, relative(folder, join(entry.parentPath, entry.name))))
    .sort();
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** The compiler follows the imports of the entry points, and emits what it reaches. */
function compile(folder: string): void {
  const files = [...Object.values(ofLibrary.exports), ...startedBy(folder)];
  const compilerOptions = {
    ...{ rootDir: SOURCES, outDir: COMPILED, sourceMap: false, noEmitOnError: true },
    ...{ incremental: false, tsBuildInfoFile: null },
  };
  const config = join(staging, "package/tsconfig.json");
  writeFileSync(config, JSON.stringify({ extends: join(root, "tsconfig.json"), compilerOptions, files, include: [] }));
  run("tsc", ["--project", config], folder);
  rmSync(config);
}

/** Programs that some source starts: the compiler knows nothing of them. */
function startedBy(folder: string): readonly string[] {
  return filesIn(join(folder, SOURCES), SOURCES).flatMap((file) =>
    pathsIn(folder, file, STARTED).map((path) => path.replace(/js$/, "ts")),
  );
}

/** The paths that `pattern` finds in a file, from `folder`. */
function pathsIn(folder: string, file: string, pattern: RegExp): readonly string[] {
  const found = readFileSync(join(folder, file), "utf8").matchAll(pattern);
  return [...found].map(([, path, late]) => posix.join(dirname(file), path ?? late ?? ""));
}

/** The compiled files that the entry points load, and those that these start as programs. */
function loadedFiles(folder: string): ReadonlySet<string> {
  return reached(Object.values(ofLibrary.exports).map(compiledTo), (file) => [
    ...pathsIn(folder, file, IMPORTED),
    ...pathsIn(folder, file, STARTED),
  ]);
}

/** The declarations that a user's compiler reads. */
function declarations(folder: string): ReadonlySet<string> {
  for (const file of filesIn(join(folder, COMPILED), COMPILED).filter((one) => one.endsWith(".d.ts"))) {
    const path = join(folder, file);
    // The compiler leaves the endings of sources in declarations. Not every tool finds a declaration by those.
    const text = readFileSync(path, "utf8").replace(IMPORTED, (all) => all.replace(/\.ts"/, '.js"'));
    writeFileSync(path, text);
  }
  const entries = Object.values(ofLibrary.exports).map((source) => declarationOf(compiledTo(source)));
  return reached(entries, (file) => pathsIn(folder, file, IMPORTED).map(declarationOf));
}

/** Without comments and blanks. Not by the compiler: it would take the comments out of the declarations as well. */
function shorten(folder: string, files: ReadonlySet<string>): void {
  const paths = [`--outdir=${COMPILED}`, `--outbase=${COMPILED}`, "--allow-overwrite", "--log-level=warning"];
  const options = ["--minify-whitespace", "--minify-syntax", `--line-limit=${LINE_LENGTH}`];
  run("esbuild", [...files, ...paths, ...options, "--format=esm", "--platform=node", "--target=node20"], folder);
}

function keepOnly(folder: string, kept: ReadonlySet<string>): void {
  for (const file of filesIn(join(folder, COMPILED), COMPILED))
    if (!kept.has(file) && !file.startsWith(`${COMMAND}/`)) rmSync(join(folder, file));
}

function reached(from: readonly string[], next: (file: string) => readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (file: string): void => {
    if (found.has(file)) return;
    found.add(file);
    next(file).forEach(visit);
  };
  from.forEach(visit);
  return found;
}

/** src/service/index.ts -> dist/service/index.js */
function compiledTo(source: string): string {
  return posix.join(COMPILED, posix.relative(SOURCES, source)).replace(/ts$/, "js");
}

/** dist/service/index.js -> src/service/index.ts */
function sourceOf(file: string): string {
  return posix.join(SOURCES, posix.relative(COMPILED, file)).replace(/js$/, "ts");
}

function declarationOf(file: string): string {
  return file.replace(/\.js$/, ".d.ts");
}

/**
 * The command needs packages that the library does not. They are bundled into it, and npm installs none of them. Files of
 * the library are not: the command loads them from where they are.
 */
function bundleCommand(folder: string, library: ReadonlySet<string>): void {
  const [name, source] = command();
  const entry = `${name}.ts`;
  writeFileSync(join(folder, entry), `#!/usr/bin/env node\nimport "./${source}";\n`);
  const metafile = join(staging, "metafile.json");
  const options = [
    ...["--bundle", "--splitting", "--format=esm", "--platform=node", "--target=node20", "--minify"],
    ...["--external:nats", ...UNUSED.map((one) => `--external:${one}`), "--log-level=warning"],
    ...[...library].map((file) => `--external:${join(folder, sourceOf(file))}`),
    ...[`--banner:js=${REQUIRE}`, `--metafile=${metafile}`],
  ];
  run("esbuild", [entry, `--outdir=${COMMAND}`, ...options], folder);
  rmSync(join(folder, entry));
  for (const file of filesIn(join(folder, COMMAND))) {
    const path = join(folder, COMMAND, file);
    writeFileSync(path, readFileSync(path, "utf8").replace(LIBRARY_SOURCE, '"../$1.js"'));
  }
  const { inputs } = JSON.parse(readFileSync(metafile, "utf8")) as Metafile;
  const packages = new Set(Object.keys(inputs).flatMap((path) => PACKAGE_FOLDER.exec(path) ?? []));
  const notices = [...packages].sort().map((path) => noticeOf(join(folder, path)));
  write(join(folder, NOTICES), notices.join("\n"));
}

function command(): readonly [name: string, source: string] {
  const [found] = Object.entries(ofLibrary.bin);
  if (found === undefined) throw new Error("package/package.json names no command");
  return found;
}

/** A bundled package is distributed with the text of its license: once, if it is that of this package. */
function noticeOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
  const file = readdirSync(folder).find((entry) => /^licen[cs]e(\.|$)/i.test(entry));
  const text = file === undefined ? "" : readFileSync(join(folder, file), "utf8");
  const isOurs = wordsOf(text) === wordsOf(readFileSync(join(root, "LICENSE"), "utf8"));
  return `${name} ${version} (${license})\n\n${isOurs ? "The text is that of LICENSE in this package.\n" : text}`;
}

function wordsOf(text: string): string {
  return text.trim().replace(/\s+/g, " ");
}

function published(): object {
  const { name, exports, bin, ...others } = ofLibrary;
  const entries = Object.entries(exports).map(([entry, source]) => {
    const file = `./${compiledTo(source)}`;
    // Not "import": require() loads a module as well, since Node 20.19.
    return [entry, { types: declarationOf(file), default: file }] as const;
  });
  const [, main] = entries[0] ?? [];
  const { version, license, engines } = ofWhole;
  return {
    ...{ name, version, ...others, license, engines },
    exports: { ...Object.fromEntries(entries), "./package.json": "./package.json" },
    // For tools that read no exports.
    ...{ main: main?.default, types: main?.types },
    bin: Object.fromEntries(Object.keys(bin).map((one) => [one, `${COMMAND}/${one}.js`])),
    files: [COMPILED],
  };
}

function pack(folder: string): string {
  const cache = join(staging, "cache");
  const options = ["--ignore-scripts", "--silent", "--cache", cache, "--pack-destination", target];
  return execFileSync("npm", ["pack", ...options], { cwd: folder, encoding: "utf8" }).trim();
}

function run(tool: "tsc" | "esbuild", args: readonly string[], cwd: string): void {
  const { status } = spawnSync(join(root, "node_modules/.bin", tool), args, { cwd, stdio: ["ignore", 2, 2] });
  if (status === 0) return;
  console.error(`the package was not built, because ${tool} failed (above)`);
  process.exit(1);
}
