// Hints are typed as they were printed: by a shell, in the folder of the project, each in a window of its own.

import { type ChildProcess, spawn } from "node:child_process";
import * as assert from "uvu/assert";
import { send } from "./processes.ts";
import { repository } from "./repository.ts";
import { until, type World } from "./world.ts";

/** A start by make on a busy machine. */
export const LIMIT_MS = 60_000;

/** A finding of `dwc check`. */
export interface Found {
  readonly grade: string;
  readonly what: string;
  readonly hint: string | null;
}

/** A world as `dwc check` finds it, and what is typed in it. */
export class Checked {
  readonly #world: World;
  readonly #env: Readonly<Record<string, string>>;
  readonly #typed: ChildProcess[] = [];

  constructor(world: World, env: Readonly<Record<string, string>> = {}) {
    this.#world = world;
    this.#env = env;
  }

  async findings(): Promise<readonly Found[]> {
    const { said } = await this.#world.dwc(["check", "--json"], this.#env);
    return (JSON.parse(said) as { readonly findings: readonly Found[] }).findings;
  }

  /** The hint of the finding that matches, once there is one. */
  async hint(what: RegExp): Promise<string> {
    let found: Found | undefined;
    let all: readonly Found[] = [];
    const isFound = async (): Promise<boolean> => {
      all = await this.findings();
      found = all.find((one) => one.grade !== "fine" && what.test(one.what));
      return found !== undefined;
    };
    await until(`a finding ${what}`, isFound, LIMIT_MS, () => JSON.stringify(all, null, 1));
    assert.ok(found?.hint, `no hint: ${found?.what}`);
    return found.hint;
  }

  async gone(what: RegExp): Promise<void> {
    let all: readonly Found[] = [];
    const isGone = async (): Promise<boolean> => {
      all = await this.findings();
      return !all.some((one) => one.grade !== "fine" && what.test(one.what));
    };
    await until(`no finding ${what}`, isGone, LIMIT_MS, () => JSON.stringify(all, null, 1));
  }

  /** Typed in the folder of the project, in a window of its own. */
  type(line: string): ChildProcess {
    const { natsUrl: NATS_URL, stateDir: DWC_STATE } = this.#world;
    const { PATH, HOME } = process.env;
    const env = { PATH: `${PATH}:/usr/sbin:/sbin`, HOME, NATS_URL, DWC_STATE, ...this.#env };
    const child = spawn("sh", ["-c", line], {
      cwd: repository,
      env,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#typed.push(child);
    return child;
  }

  async output(line: string): Promise<string> {
    const child = this.type(line);
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8").on("data", (part) => (text += part));
    await new Promise((resolve) => child.once("close", resolve));
    return text;
  }

  async close(): Promise<void> {
    const ends = this.#typed.map(
      (child) =>
        new Promise((resolve) =>
          (child.exitCode ?? child.signalCode) === null ? child.once("close", resolve) : resolve(undefined),
        ),
    );
    for (const { pid } of this.#typed) if (pid !== undefined) send(-pid, "SIGTERM");
    await Promise.all(ends);
  }
}

/** The command in a hint, from `start` on: two blanks or a bracket end it. */
export function command(hint: string, start = ""): string {
  const from = hint.indexOf(start);
  assert.ok(from >= 0, `no ${start} in: ${hint}`);
  return hint.slice(from).split(/ {2,}| \)/)[0] ?? "";
}
