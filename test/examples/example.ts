// An example as its user has it: copied out of the repository, built, and run by the scripts of its package.json.

import { cpSync, existsSync, readdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { type CommandResult, runCommand } from "../package/command.ts";
import { type Consumer, makeConsumer, readJson } from "../package/consumer.ts";
import { blocksOf } from "../support/readme.ts";
import { repository } from "../support/repository.ts";

const FOLDER = join(repository, "examples");
/** Installed by `sh bin/prepare-packages test/package`, which `make test LONG=1` does. */
const ZOD = join(repository, "test/package/node_modules/zod");
/** Ages on an idle machine: an example runs for a few seconds. */
const RUN_LIMIT_MS = 120_000;

export const isZodThere = existsSync(ZOD);
export const exampleNames: readonly string[] = readdirSync(FOLDER).filter((name) =>
  statSync(join(FOLDER, name)).isDirectory(),
);

type Names = Readonly<Record<string, string>>;

export interface Manifest {
  readonly name: string;
  readonly type: string;
  readonly scripts: Names;
  readonly dependencies: Names;
  readonly devDependencies: Names;
}

export const readExample = (...path: readonly string[]): string => readFileSync(join(FOLDER, ...path), "utf8");
export const manifestOf = (name: string): Manifest => readJson(FOLDER, name, "package.json") as unknown as Manifest;
export const sourcesOf = (name: string): readonly string[] => readdirSync(join(FOLDER, name, "src"));

/** What its page says that it prints. */
export function shownBy(name: string): readonly string[] {
  const block = blocksOf(readExample(name, "README.md")).find(({ language }) => language === "text");
  return block?.text.trim().split("\n") ?? [];
}

/** A folder with the library, and what the examples need besides, as npm installs them. */
export async function installLibrary(): Promise<Consumer> {
  const user = await makeConsumer(isZodThere ? [ZOD] : []);
  await user.install(user.tarball, "valibot", "@types/node", ...(isZodThere ? ["zod"] : []));
  // The compiler is that of the repository: it is 60 MB.
  symlinkSync(join(repository, "node_modules/typescript/bin/tsc"), join(user.folder, "node_modules/.bin/tsc"));
  return user;
}

export function copyExample(user: Consumer, name: string): void {
  const from = join(FOLDER, name);
  const isOwn = (path: string): boolean => !/\/(dist|node_modules)$/.test(path.slice(from.length));
  cpSync(from, join(user.folder, name), { recursive: true, filter: isOwn });
}

/** `npm run SCRIPT` in the folder of an example, to its end. */
export function runScript(user: Consumer, name: string, script: string, env: Names = {}): Promise<CommandResult> {
  return runCommand("npm", ["run", "--silent", script], {
    ...{ cwd: join(user.folder, name), env: { ...user.env, ...env } },
    ...{ mustSucceed: false, limitMs: RUN_LIMIT_MS },
  });
}

export const linesOf = (text: string): readonly string[] => text.trimEnd().split("\n");

/** Without its numbers: two runs differ in pids, times and counts. */
const shapeOf = (line: string): string => line.replace(/\d+(\.\d+)?/g, "0");

/** Lines of a page that no line of the output looks like. */
export function missingFrom(output: readonly string[], shown: readonly string[]): readonly string[] {
  const shapes = new Set(output.map(shapeOf));
  return shown.filter((line) => !shapes.has(shapeOf(line)));
}
