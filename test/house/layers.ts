// The layers of the house: which folder may import which, which packages belong where, and what is pure. All of it
// follows from where a file lies; a new file needs no entry.

import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { repository } from "../support/repository.ts";

const manifest = JSON.parse(readFileSync(join(repository, "package/package.json"), "utf8"));
/** The doors of the library: the entry points of its npm package. */
const DOORS = Object.values<string>(manifest.exports).map((path) => normalize(path).replace(/^src\//, ""));
/** Starts a nats-server. It is no part of the library. */
const SERVER = "bus/server";

/** The imports of each folder of src besides itself. A row names what lies below it; the longest path that fits counts. */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  util: [],
  "settings.ts": ["util"],
  "clock.ts": [],
  health: ["settings.ts", "util"],
  trace: [],
  bus: ["settings.ts", "clock.ts", "util"],
  "protocol.ts": ["bus/core", "faults/core", "health", "trace/core"],
  program: ["protocol.ts", "service/index.ts", "trace", "settings.ts", "clock.ts", "util"],
  record: ["bus/core", "health", "settings.ts", "clock.ts", "util"],
  faults: ["bus", "health", "settings.ts", "clock.ts", "util"],
  service: ["faults", "bus", "health", "trace", "settings.ts", "clock.ts", "util"],
  connect: ["service", "faults", "bus", "health", "trace", "settings.ts", "clock.ts", "util"],
  testing: ["connect", "service", "faults", "bus", "health", "trace", "settings.ts", "clock.ts", "util"],
  metrics: ["service", "bus", "health", "settings.ts", "clock.ts", "util"],
  monitor: ["metrics", "service", "faults", "bus", "program", "health", "settings.ts", "clock.ts", "util"],
  // Those who use the library come in through its doors, as any program does.
  contracts: DOORS,
  ratings: [...DOORS, `${SERVER}/core`, "contracts", "monitor", "program", "settings.ts", "clock.ts", "util"],
  activity: [...DOORS, "monitor", "program", "settings.ts", "clock.ts", "util"],
  demo: [...DOORS, "activity", "ratings", "monitor", "program", "settings.ts", "clock.ts", "util"],
  shoppers: ["monitor", "program", "settings.ts", "clock.ts", "util"],
  tour: [...DOORS, "activity", "monitor", "program", "settings.ts", "clock.ts", "util"],
  market: [
    ...DOORS,
    SERVER,
    "activity",
    "contracts",
    "monitor",
    "record",
    "program",
    "settings.ts",
    "clock.ts",
    "util",
  ],
  // Orgs, keys and logins are below the library's own: they make what a bus asks for.
  "dwc/identity": ["contracts", "program", "bus", "settings.ts", "clock.ts", "util"],
  dwc: [...DOORS, SERVER, "contracts", "monitor", "program", "settings.ts", "clock.ts", "util"],
};

/** Where a package, or a part of Node, may be imported: paths below src. Other packages may be imported nowhere. */
export const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  nats: ["bus/nats-"],
  "@nats-io/jwt": ["dwc/identity/mint.ts"],
  "@nats-io/nkeys": ["dwc/identity/mint.ts"],
  "@opentelemetry/api": ["program", "trace/spans.ts"],
  pino: ["program"],
  koa: ["market"],
  "koa-views": ["market"],
  "@koa/router": ["market"],
  "@koa/bodyparser": ["market"],
  cookies: ["market"],
  keygrip: ["market"],
  mnemonist: ["market"],
  valibot: ["dwc", "record"],
  nunjucks: ["market"],
  "node:perf_hooks": ["clock.ts"],
  "node:timers": ["clock.ts"],
  "node:timers/promises": ["clock.ts"],
};
/** Packages that only compute. */
const PURE_PACKAGES = new Set(["mnemonist", "valibot", "node:util"]);

/** A pure file decides and does not act: it imports by value only what is pure. biome.json takes Node's globals away. */
export const isPure = (file: string): boolean =>
  (/^src\/[^/]*$/.test(file) && file !== "src/clock.ts") ||
  /^src\/(health|monitor|util|dwc\/commands)\//.test(file) ||
  /^src\/.*\/?core\//.test(file);

export interface Source {
  readonly file: string;
  readonly text: string;
}

/** Every import that goes against the table, as `file imports what: why`. */
export function layerBreaks(sources: readonly Source[]): readonly string[] {
  return sources
    .filter(({ file }) => file.startsWith("src/"))
    .flatMap(({ file, text }) =>
      importsOf(text).flatMap((one) => {
        const why = one.path.startsWith(".") ? whyNotFile(file, one) : whyNotPackage(file, one);
        return why === undefined ? [] : [`${file} imports ${one.path}: ${why}`];
      }),
    );
}

/** The files that an import of `roots` loads, itself and by others; types alone do not count. */
export function loadedBy(roots: readonly string[], sources: readonly Source[]): ReadonlySet<string> {
  const texts = new Map(sources.map(({ file, text }) => [file, text]));
  const loaded = new Set<string>();
  const load = (file: string): void => {
    if (loaded.has(file)) return;
    loaded.add(file);
    for (const { path, isType } of importsOf(texts.get(file) ?? ""))
      if (!isType) load(path.startsWith(".") ? normalize(`${dirname(file)}/${path}`) : path);
  };
  roots.forEach(load);
  return loaded;
}

export interface Import {
  readonly path: string;
  readonly isType: boolean;
}

const IMPORT = /^(?:import|export) (type\b)?(?:[^;"']*? from )?["']([^"']+)["']|\bimport\(["']([^"']+)["']\)/gm;
export const importsOf = (text: string): readonly Import[] =>
  [...text.matchAll(IMPORT)].map(([, type, path, late]) => ({ path: path ?? late ?? "", isType: type !== undefined }));

function whyNotFile(file: string, { path, isType }: Import): string | undefined {
  const imported = normalize(`${dirname(file)}/${path}`);
  if (!imported.startsWith("src/")) return "src imports only src";
  const [from, to] = [below(file), below(imported)];
  const row = rowOf(from);
  if (row === undefined) return "its folder has no row in the table of layers";
  const mayBe = [row, ...(MAY_IMPORT[row] ?? [])];
  if (!mayBe.some((place) => to === place || to.startsWith(`${place}/`)))
    return `${row} may import ${mayBe.join(", ")}`;
  return isPure(file) && !isType && !isPure(imported) ? "a pure file calls what is pure" : undefined;
}

function whyNotPackage(file: string, { path, isType }: Import): string | undefined {
  const name = path.startsWith("node:") ? path : packageOf(path);
  if (isPure(file) && !isType && !PURE_PACKAGES.has(name)) return "a pure file imports no package that acts";
  const places = PACKAGES[name];
  if (places === undefined) return name.startsWith("node:") ? undefined : "no folder may import this package";
  return places.some((place) => below(file).startsWith(place)) ? undefined : `it belongs in ${places.join(", ")}`;
}

/** @nats-io/jwt/lib/a.js -> @nats-io/jwt */
export const packageOf = (path: string): string =>
  path
    .split("/")
    .slice(0, path.startsWith("@") ? 2 : 1)
    .join("/");

const below = (file: string): string => file.slice("src/".length);
const rowOf = (file: string): string | undefined =>
  Object.keys(MAY_IMPORT)
    .filter((place) => file === place || file.startsWith(`${place}/`))
    .sort((a, b) => b.length - a.length)[0];
