// Packages: each that is imported is declared, each that is locked has a hash, and koa-views brings no more than it has to.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join, normalize } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { repository } from "../support/repository.ts";
import { packageOf } from "./layers.ts";

const test = suite("packages");

type Names = Readonly<Record<string, string>>;
interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
}

const read = (file: string): string => readFileSync(join(repository, file), "utf8");
const json = (file: string): Record<string, unknown> => JSON.parse(read(file));
const names = (file: string, kind: "dependencies" | "devDependencies"): readonly string[] =>
  Object.keys((json(file)[kind] ?? {}) as Names);

/** Sources of a folder, without what is installed or compiled there. */
const sources = (room: string): readonly string[] =>
  readdirSync(join(repository, room), { recursive: true, encoding: "utf8" })
    .map((path) => join(room, path))
    .filter((path) => /\.(ts|js)$/.test(path) && !/node_modules|\bdist\b|public/.test(path))
    .filter((path) => statSync(join(repository, path)).isFile());

const IMPORTED =
  /^(?:import|export)\b[^;"]*?from "([^".#][^"]*)";|^import "([^".#][^"]*)";|\bimport\("([^".#$][^"]*)"\)/gm;

function imported(file: string): readonly string[] {
  const paths = [...read(file).matchAll(IMPORTED)].map(([, from, plain, late]) => from ?? plain ?? late ?? "");
  return paths.filter((path) => path !== "" && !isBuiltin(path)).map(packageOf);
}

const ROOT = "package.json";
const running = names(ROOT, "dependencies");
const all = [...running, ...names(ROOT, "devDependencies")];
const ROOMS: readonly (readonly [room: string, declared: readonly string[]])[] = [
  ["bin", running],
  ["src", running],
  ["test", [...all, ...names("test/mutants/package.json", "dependencies")]],
  ["bench", [...all, ...names("bench/package.json", "dependencies")]],
  ["tracing", names("tracing/package.json", "dependencies")],
];

test("each package that a source names is declared where that source's packages are", () => {
  for (const [room, declared] of ROOMS) {
    const wrong = sources(room).flatMap((file) =>
      imported(file)
        .filter((name) => !declared.includes(name))
        .map((name) => `${file}: ${name}`),
    );
    assert.equal(wrong, [], `not declared: ${wrong.join(", ")}`);
  }
  const found = sources("src").flatMap(imported);
  for (const name of ["keygrip", "koa", "@nats-io/jwt", "pino", "nats"]) assert.ok(found.includes(name), name);
});

test("each declared package is used", () => {
  const used = new Set(["bin", "src"].flatMap(sources).flatMap(imported));
  assert.equal(
    running.filter((name) => !used.has(name)),
    [],
  );
});

const locked = (file: string): readonly (readonly [path: string, entry: Locked])[] =>
  Object.entries(json(file)["packages"] as Record<string, Locked>).filter(([path]) => path !== "");

const LOCKS = ["", "bench/", "tracing/", "test/mutants/", "test/package/", "package/api/"].map(
  (folder) => `${folder}package-lock.json`,
);

test("each entry of a lock has a hash, that of another platform too", () => {
  for (const file of LOCKS) {
    const entries = locked(file);
    assert.ok(entries.length > 0, file);
    const without = entries.filter(([, { integrity }]) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? ""));
    assert.equal(
      without.map(([path]) => path),
      [],
      `${file}: no hash`,
    );
  }
});

/** With the latest beautifier of koa-views, for an option that no page sets, there were 50 more. */
const MAX_PACKAGES = 146;

test("what runs in production is not many packages", () => {
  const production = locked("package-lock.json").filter(([, { dev }]) => dev !== true);
  assert.ok(production.length <= MAX_PACKAGES, `${production.length} packages`);
  for (const name of ["typescript", "@biomejs/biome", "esbuild"])
    assert.not.ok(
      production.some(([path]) => path === `node_modules/${name}`),
      `${name} builds, and does not run`,
    );
});

test("the repository has the entry points of the library's package, compiled", () => {
  const compiled = Object.entries(json("package/package.json")["exports"] as Names).map(([entry, source]) => [
    entry,
    `./dist/${normalize(source).replace(/ts$/, "js")}`,
  ]);
  assert.equal(json(ROOT)["exports"], Object.fromEntries(compiled));
});

test("no override is an alias or a folder: npm 9.2, Debian's, then takes the lock for missing", () => {
  const overrides = JSON.stringify(json(ROOT)["overrides"] ?? {});
  assert.not.match(overrides, /"(npm|file):/);
});

test.run();
