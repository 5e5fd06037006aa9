// Lines that stand on the terminal until the next ones, or the result of the command, replace them.

/** To the first column so many lines up, and nothing from there on. */
const eraseUp = (lines: number): string => `\u001b[${lines}F\u001b[J`;

export class ShownLines {
  readonly #output: NodeJS.WritableStream;
  readonly #canReplace: boolean;
  #count: number;

  /**
   * @param canReplace false: nothing is shown
   * @param count lines that stand there already
   */
  constructor(output: NodeJS.WritableStream, canReplace: boolean, count = 0) {
    this.#output = output;
    this.#canReplace = canReplace;
    this.#count = canReplace ? count : 0;
  }

  /** @param lines no longer than the terminal is wide, and fewer than it is high: others could not be replaced */
  replace(lines: readonly string[]): void {
    if (!this.#canReplace || this.#count + lines.length === 0) return;
    const erase = this.#count === 0 ? "" : eraseUp(this.#count);
    this.#output.write(erase + lines.map((line) => `${line}\n`).join(""));
    this.#count = lines.length;
  }
}
