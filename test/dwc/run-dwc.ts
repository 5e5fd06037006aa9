// dwc as a person types it, in a state folder of its own: in this process, or through the real wrapper in one of its own.

import { execFile, spawn } from "node:child_process";
import { cpSync, existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Writable } from "node:stream";
import { promisify } from "node:util";
import { openContext, runWith } from "../../bin/dwc-run.ts";
import { type Clock, systemClock } from "../../src/clock.ts";
import { complete } from "../../src/dwc/cli/complete.ts";
import type { CommandContext } from "../../src/dwc/cli/core/command.ts";
import type { Rendered } from "../../src/dwc/cli/core/result.ts";
import { Interruption } from "../../src/dwc/cli/main.ts";
import { COMMANDS } from "../../src/dwc/commands/table.ts";
import { freeUrl } from "../support/nats-server.ts";
import { repository } from "../support/repository.ts";

export interface Typed {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ifUnwritten?: NonNullable<Rendered["ifUnwritten"]>;
}

export interface TypedOptions {
  readonly stdin?: string;
  /** On top of PATH, HOME, DWC_STATE and NATS_URL; undefined takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface RunOptions extends TypedOptions {
  /** Limits of the command pass this many times as fast: for a bus that does not answer. */
  readonly speed?: number;
}

export interface StartOptions extends TypedOptions {
  readonly cwd?: string;
  /** Another path to the same program. */
  readonly program?: string;
  /** ^C once it is settled. */
  readonly interrupt?: Promise<unknown>;
  /** Receives what has been printed so far, each time that something is. */
  readonly onStdout?: (printed: string) => void;
}

export const PROGRAM = join(repository, "bin/dwc");
/** Fifty at once on a busy machine need a part of this. */
const ENDS_TIMEOUT_MS = 120_000;
/** A longer file is compared by size and time. */
const MAX_COMPARED_BYTES = 1_000_000;
/** An address at which no server listens, for as long as a test runs. */
export const nowhere = await freeUrl();

/** One person's state folder, and what is typed there. */
export class Desk {
  readonly folder = mkdtempSync(join(tmpdir(), "dwc-"));
  readonly state = join(this.folder, "state");

  /** Runs in this process, with streams that are no terminal: a start of node costs more than most commands. */
  async type(args: readonly string[], { stdin = "", env = {}, speed = 1 }: RunOptions = {}): Promise<Typed> {
    const screen = { stdout: new Captured(), stderr: new Captured() };
    const input = new PassThrough();
    input.end(stdin);
    const { stdout, stderr, exitCode, ifUnwritten } = await runWith(args, {
      env: this.#env(env),
      stdin: input as unknown as NodeJS.ReadStream,
      stdout: screen.stdout as unknown as NodeJS.WriteStream,
      stderr: screen.stderr as unknown as NodeJS.WriteStream,
      interruption: new Interruption(),
      clock: fastClock(speed),
    });
    const typed = { code: exitCode, stdout: screen.stdout.text + stdout, stderr: screen.stderr.text + stderr };
    return { ...typed, ...(ifUnwritten && { ifUnwritten }) };
  }

  /** The same in a process of its own, from bin/dwc on. */
  start(args: readonly string[], options: StartOptions = {}): Promise<Typed> {
    const { stdin = "", env = {}, cwd, program = PROGRAM, interrupt, onStdout } = options;
    const child = spawn(program, [...args], {
      cwd: cwd ?? this.folder,
      env: this.#env(env),
      stdio: ["pipe", "pipe", "pipe"],
      // One that turns for ever ends with the code null.
      ...{ timeout: ENDS_TIMEOUT_MS, killSignal: "SIGKILL" },
    });
    const said = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8").on("data", (text: string) => {
        said[name] += text;
        if (name === "stdout") onStdout?.(said.stdout);
      });
    }
    // A program that does not read stdin ends before it is written.
    child.stdin.on("error", () => undefined).end(stdin);
    interrupt?.then(() => child.kill("SIGINT")).catch(() => undefined);
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => resolve({ code, ...said }));
    });
  }

  /**
   * The words of the shell's completion, one a line. All limits are ten times as long: in the 300 ms that a user waits
   * for names, a busy machine may not finish the login.
   */
  async complete(words: readonly string[], { env = {} }: TypedOptions = {}): Promise<string> {
    const slow = fastClock(0.1);
    const { stdin, stdout, stderr } = process;
    const around = { env: this.#env(env), stdin, stdout, stderr, interruption: new Interruption(), clock: slow };
    const open = (): CommandContext => {
      const context = openContext(undefined, around);
      if ("kind" in context) throw new Error(`no context: ${context.message}`);
      return context;
    };
    return (await complete(words, COMMANDS, open, slow)).replace(/\t.*/g, "");
  }

  /** A line of bash in this desk's folder, with dwc as "$DWC". */
  shell(line: string): Promise<{ stdout: string; stderr: string }> {
    const env = { ...this.#env({}), DWC: PROGRAM };
    return promisify(execFile)("bash", ["-c", line], { env, cwd: this.folder });
  }

  #env(more: TypedOptions["env"]): Readonly<Record<string, string | undefined>> {
    const { PATH = "" } = process.env;
    return { PATH, HOME: this.folder, DWC_STATE: this.state, NATS_URL: nowhere, ...more };
  }

  /** Types what has to work for the test to go on, and gives what came on stdout. */
  async must(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.type(args);
    if (code !== 0) throw new Error(`dwc ${args.join(" ")} ended with ${code}: ${stderr}`);
    return stdout;
  }

  /** The same, with the JSON of the result. */
  async json(...args: string[]): Promise<Record<string, unknown>> {
    return JSON.parse(await this.must(...args, "--json")) as Record<string, unknown>;
  }

  /** Every file of the state folder with what is in it: to see that nothing was changed. */
  snapshot(): Readonly<Record<string, string>> {
    if (!existsSync(this.state)) return {};
    const entries = readdirSync(this.state, { recursive: true, withFileTypes: true });
    const paths = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
    const kept = paths.filter((path) => !isLock(path)).sort();
    return Object.fromEntries(kept.map((path) => [path, readFileSync(path, "utf8")]));
  }

  /** All of the state folder: each entry with its kind, its mode, and what is in it. */
  everything(): Readonly<Record<string, string>> {
    if (!existsSync(this.state)) return {};
    const paths = readdirSync(this.state, { recursive: true, encoding: "utf8" }).map((name) => join(this.state, name));
    const kept = [this.state, ...paths].filter((path) => !isLock(path)).sort();
    return Object.fromEntries(kept.map((path) => [path, entryOf(path)]));
  }

  clear(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const clock = systemClock();

/** Running time only: the wall clock is in tokens. */
const fastClock = (speed: number): Clock => ({
  ...clock,
  now: () => clock.now() * speed,
  after: (delayMs, act) => clock.after(delayMs / speed, act),
  every: (intervalMs, act) => clock.every(intervalMs / speed, act),
});

class Captured extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

/** Each holder of the lock writes its name there, also one that changes nothing. */
const isLock = (path: string): boolean => path.includes("identity.lock");

function entryOf(path: string): string {
  const stat = lstatSync(path);
  const content = stat.isFile() && stat.size < MAX_COMPARED_BYTES ? readFileSync(path, "base64") : "";
  return [stat.mode.toString(8), stat.isDirectory() ? "" : `${stat.ino} ${stat.mtimeMs} ${stat.size}`, content].join(
    " ",
  );
}

/** A desk whose person owns an org. */
export async function ownersDesk(): Promise<Desk> {
  const desk = new Desk();
  await desk.must("create-org", "My Test Org", "Ann", "ann@example.org");
  return desk;
}

let first: Desk | undefined;
process.once("exit", () => first?.clear());

/** Ann's desk, who owns an org: a copy of one that is made once in a process. Two of them hold the same org. */
export async function annsDesk(): Promise<Desk> {
  first ??= await ownersDesk();
  const desk = new Desk();
  cpSync(first.state, desk.state, { recursive: true });
  const bus = join(desk.state, "bus");
  for (const name of readdirSync(bus, { recursive: true, encoding: "utf8" }))
    if (name.endsWith(".conf")) {
      const config = join(bus, name);
      writeFileSync(config, readFileSync(config, "utf8").replaceAll(first.state, desk.state), { mode: 0o600 });
    }
  return desk;
}

/** Seeds of keys, as they would look if one got out. */
export const SECRET = /\bS[OAU][A-Z2-7]{56}\b/;
