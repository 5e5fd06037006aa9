// A command that runs to its end, with PATH and what a test gives it as its whole environment.

import { spawn } from "node:child_process";

export interface CommandOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Fail if the command does. Default: true. */
  readonly mustSucceed?: boolean;
  /** After so long it is killed, and fails. Processes that it leaves behind are killed as well. Default: no limit. */
  readonly limitMs?: number;
}

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export async function runCommand(
  command: string,
  args: readonly string[],
  { cwd, env = {}, mustSucceed = true, limitMs }: CommandOptions,
): Promise<CommandResult> {
  const { PATH = "" } = process.env;
  // It then leads a process group.
  const detached = limitMs !== undefined;
  const child = spawn(command, args, { cwd, env: { PATH, ...env }, stdio: ["ignore", "pipe", "pipe"], detached });
  const timer = limitMs === undefined ? undefined : setTimeout(() => killGroup(child.pid), limitMs);
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    if (detached) child.once("exit", () => killGroup(child.pid));
    child.once("close", resolve);
  });
  clearTimeout(timer);
  if (mustSucceed && code !== 0) throw new Error(`${command} ${args.join(" ")}: exit code ${code}\n${stdout}${stderr}`);
  return { code, stdout, stderr };
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // No process of the group is left.
  }
}
