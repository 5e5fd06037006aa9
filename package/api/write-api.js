// Writes the API reference, docs/api, from the docstrings of the doors in package/package.json. It ends with an error,
// and the list, if an exported name has no docstring. It uses the API of TypeScript 5, which TypeScript 7 does not have.

import { readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { Application, Converter, ReflectionKind } from "typedoc";

const FOLDER = dirname(fileURLToPath(import.meta.url));
const ROOT = join(FOLDER, "../..");
const OUT = process.argv[2] ?? join(ROOT, "docs/api");

/** Each door: the name that a user imports, its source file, and the name that typedoc gives to its module. */
const doors = Object.entries(JSON.parse(readFileSync(join(ROOT, "package/package.json"), "utf8")).exports).map(
  ([entry, source]) => ({
    name: join("datawire-connect", entry),
    source: join(ROOT, source),
    module: source.replace(/^\.\/src\//, "").replace(/(\/index)?\.ts$/, ""),
  }),
);

/** A union tells its members apart by this property. Its value says what it means. */
const DISCRIMINANT = "kind";
const DOCUMENTED =
  ReflectionKind.Variable |
  ReflectionKind.Function |
  ReflectionKind.Class |
  ReflectionKind.Interface |
  ReflectionKind.TypeAlias |
  ReflectionKind.Method |
  ReflectionKind.Accessor;

const app = await Application.bootstrapWithPlugins({
  name: "datawire-connect",
  out: OUT,
  entryPoints: doors.map(({ source }) => source),
  tsconfig: join(FOLDER, "tsconfig.json"),
  plugin: ["typedoc-plugin-markdown"],
  router: "module",
  readme: "none",
  excludeExternals: true,
  excludePrivate: true,
  excludeInternal: true,
  disableSources: true,
  hideBreadcrumbs: true,
  hidePageHeader: true,
  validation: { notExported: false, invalidLink: true, notDocumented: false },
  logLevel: "Warn",
});

app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => {
  for (const module of project.children ?? []) {
    const door = doors.find((one) => one.module === module.name);
    if (door !== undefined) module.name = door.name;
  }
});

const project = await app.convert();
if (project === undefined) process.exit(1);
app.validate(project);

const isDocumented = (reflection) =>
  reflection.hasComment() ||
  [...(reflection.signatures ?? []), reflection.getSignature, ...signaturesOfType(reflection)].some(
    (signature) => signature?.hasComment() || (signature?.parameters ?? []).some((parameter) => parameter.hasComment()),
  );

/** The signatures of a type of functions. */
const signaturesOfType = ({ type }) => type?.declaration?.signatures ?? [];

const undocumented = Object.values(project.reflections)
  .filter((reflection) => reflection.kindOf(DOCUMENTED) && reflection.name !== DISCRIMINANT)
  .filter((reflection) => !isDocumented(reflection))
  .map((reflection) => `${reflection.getFullName()} (${ReflectionKind[reflection.kind]})`);
if (undocumented.length > 0) console.error(`no docstring:\n  ${undocumented.join("\n  ")}`);

await app.generateOutputs(project);
console.log(`api: ${doors.length} pages in ${relative(process.cwd(), OUT) || basename(OUT)}`);
process.exitCode = undocumented.length > 0 || app.logger.hasErrors() ? 1 : 0;
