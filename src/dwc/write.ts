// Writes the result of a command, and sets the exit code. A failed write is reported, as the result may be the only
// copy of what the command made.

import type { Rendered } from "./core/outcome.ts";

/** stdout and its first error. */
export class Output {
  readonly #stream: NodeJS.WriteStream;
  #error: NodeJS.ErrnoException | undefined;

  /** Create it before the command runs, as the command may write meanwhile. */
  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    stream.on("error", (error: NodeJS.ErrnoException) => {
      this.#error ??= error;
    });
  }

  /** The system's error code of the first failed write; undefined: all is written. */
  async write(text: string): Promise<string | undefined> {
    const failed = await new Promise<Error | null | undefined>((resolve) => {
      this.#stream.write(text, resolve);
    });
    const error: NodeJS.ErrnoException | undefined = this.#error ?? failed ?? undefined;
    return error && (error.code ?? error.message);
  }
}

export async function write({ stdout, stderr, exitCode, ifUnwritten }: Rendered, output: Output): Promise<void> {
  process.exitCode = exitCode;
  const why = await output.write(stdout);
  const failure = why === undefined ? undefined : ifUnwritten?.(why);
  process.exitCode = failure?.exitCode ?? exitCode;
  const text = failure?.stderr ?? stderr;
  if (text !== "") process.stderr.write(text);
}
