// A folder that looks like a fresh clone, and a PATH that holds only a test's tools. Tests run bin/prepare and the
// Makefile as on machines that lack tools, without a network and without changes to this machine.

import { spawn } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { repository } from "./repository.ts";

export interface CommandResult {
  readonly code: number | null;
  /** Both outputs in the order in which they came. */
  readonly said: string;
  readonly tookMs: number;
}

export interface FreshClone {
  readonly folder: string;
  /** The folder that alone is in PATH. */
  readonly tools: string;
  /** Writes a file of the clone, folders and all. */
  write(path: string, text: string): void;
  /** Puts a shell script into PATH, in place of the tool of that name. */
  tool(name: string, script: string): void;
  /** Runs a command in the clone; `env` comes on top of PATH and HOME. */
  run(
    command: string,
    args: readonly string[],
    env?: Readonly<Record<string, string | undefined>>,
  ): Promise<CommandResult>;
}

/** Tools that bin/prepare, the Makefile and the fakes may use: POSIX, and make. */
const POSIX_TOOLS =
  "sh echo cat cksum find sort xargs uname sed awk mkdir rm mv cp ls id sleep tail grep env readlink ln dirname touch make".split(
    " ",
  );

/** Makes an empty clone, its name with a space in it, with `files` copied over from the repository. */
export function makeFreshClone(files: readonly string[]): FreshClone {
  const base = mkdtempSync(join(tmpdir(), "fresh-clone-"));
  const folder = join(base, "my clone");
  const tools = join(base, "tools");
  for (const made of [folder, tools, join(base, "home")]) mkdirSync(made);
  for (const name of POSIX_TOOLS) symlinkSync(whereIs(name), join(tools, name));

  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  for (const file of files) {
    write(file, "");
    copyFileSync(join(repository, file), join(folder, file));
  }
  return {
    folder,
    tools,
    write,
    tool: (name, script) => {
      writeFileSync(join(tools, `${name}.new`), `#!${whereIs("sh")}\n${script}\n`);
      chmodSync(join(tools, `${name}.new`), 0o755);
      moveOver(join(tools, `${name}.new`), join(tools, name));
    },
    run: (command, args, env = {}) => run(command, args, folder, { PATH: tools, HOME: join(base, "home"), ...env }),
  };
}

/** A link to the real tool must be replaced, not written through. */
function moveOver(from: string, to: string): void {
  rmSync(to, { force: true });
  renameSync(from, to);
}

export function whereIs(tool: string): string {
  const folders = (process.env["PATH"] ?? "").split(delimiter).concat("/usr/bin", "/bin", "/usr/sbin");
  const found = folders.map((folder) => join(folder, tool)).find((path) => existsSync(path));
  if (found === undefined) throw new Error(`this machine has no ${tool}: the tests need it`);
  return found;
}

function run(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<CommandResult> {
  const startedAt = performance.now();
  const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  const onText = (text: string): void => {
    said += text;
  };
  child.stdout.setEncoding("utf8").on("data", onText);
  child.stderr.setEncoding("utf8").on("data", onText);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, said, tookMs: performance.now() - startedAt }));
  });
}
