// Raw mode of a terminal: keys arrive one by one, without an echo. RawMode restores the terminal when the process stops
// or exits, and returns to raw mode when the process continues.

export interface RawModeOptions {
  readonly input: NodeJS.ReadStream;
  /** Called after raw mode was entered: at the start, and after every stop. */
  readonly afterEnter: () => void;
  /** Called before the terminal is restored. */
  readonly beforeLeave: () => void;
  /** The terminal was closed. */
  readonly onClosed: () => void;
}

export class RawMode {
  readonly #options: RawModeOptions;
  #isActive = false;
  /** Raw mode was entered again after a stop, and the SIGCONT that ended the stop has not been handled yet. */
  #isAhead = false;

  constructor(options: RawModeOptions) {
    this.#options = options;
  }

  /** Enters raw mode, until `leave`. */
  enter(): void {
    const { input, onClosed } = this.#options;
    process.on("SIGTSTP", this.#onStop).on("SIGCONT", this.#onContinue).on("exit", this.#restore);
    input.on("error", onClosed).on("end", onClosed);
    this.#activate();
  }

  /** Stops the process group, as ^Z does outside of raw mode. */
  stop(): void {
    process.kill(0, "SIGTSTP");
  }

  /** Restores the terminal for good. */
  leave(): void {
    this.#restore();
    process.off("SIGTSTP", this.#onStop).off("SIGCONT", this.#onContinue).off("exit", this.#restore);
    this.#options.input.off("end", this.#options.onClosed);
  }

  /**
   * Does nothing if raw mode is active again already: to leave it for a moment would echo keys that arrive meanwhile.
   */
  readonly #onContinue = (): void => {
    const isActiveAlready = this.#isAhead;
    this.#isAhead = false;
    if (!isActiveAlready) this.#activate();
  };

  #activate(): void {
    this.#isActive = true;
    enterRawMode(this.#options.input);
    // False: the terminal was closed, and `onClosed` has left raw mode.
    if (!this.#isActive) return;
    this.#options.afterEnter();
    // The shell was in the foreground while this process was stopped, and got the signal of a new size.
    process.kill(process.pid, "SIGWINCH");
  }

  readonly #restore = (): void => {
    if (!this.#isActive) return;
    this.#isActive = false;
    const { input, beforeLeave } = this.#options;
    beforeLeave();
    if (input.isTTY) input.setRawMode(false);
  };

  readonly #onStop = (): void => {
    this.#restore();
    // The default action stops the process here, until SIGCONT. In an orphaned process group the kernel ignores the
    // signal, as no shell could continue the process: then raw mode is entered again at once. No SIGCONT follows there,
    // and the next one is ignored in its place: no shell has changed the mode by then.
    process.off("SIGTSTP", this.#onStop);
    process.kill(process.pid, "SIGTSTP");
    process.on("SIGTSTP", this.#onStop);
    this.#isAhead = true;
    this.#activate();
  };
}

/**
 * After SIGSTOP the shell has changed the mode without a signal to this process. The runtime ignores a mode that it
 * takes for the present one, so raw mode is left first.
 */
function enterRawMode(input: NodeJS.ReadStream): void {
  if (!input.isTTY) return;
  input.setRawMode(false);
  input.setRawMode(true);
}
