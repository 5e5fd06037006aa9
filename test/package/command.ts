// A command that runs to its end, with PATH and what a test gives it as its whole environment.

import { spawn } from "node:child_process";

export interface CommandOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Fail if the command does. Default: true. */
  readonly mustSucceed?: boolean;
}

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export async function runCommand(
  command: string,
  args: readonly string[],
  { cwd, env = {}, mustSucceed = true }: CommandOptions,
): Promise<CommandResult> {
  const { PATH = "" } = process.env;
  const child = spawn(command, args, { cwd, env: { PATH, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (mustSucceed && code !== 0) throw new Error(`${command} ${args.join(" ")}: exit code ${code}\n${stdout}${stderr}`);
  return { code, stdout, stderr };
}
