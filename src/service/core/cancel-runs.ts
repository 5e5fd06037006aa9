// Which attempts are cancelled at their instance after the caller has given up.
//
// Such an attempt is judged by the instance's answer. But a handler that stops for its caller gives none, and whether it would
// have answered in time stays unknown. If all callers give up early, a hung one would never be found out. So after a few
// cancelled attempts in a row without an answer, one is left to its end, and judged.

/** One attempt in four is then executed for its health alone. */
const MAX_IN_A_ROW = 3;
/** More addresses than any service has that stop. Beyond that the counts start again. */
const MAX_ADDRESSES = 10_000;

interface Run {
  cancelled: number;
  /** An attempt was left to its end, which has not come. */
  isJudging: boolean;
}

export class CancelRuns {
  /** By address: the direct subject of an operation. Empty where no caller gives up. */
  readonly #runs = new Map<string, Run>();

  /** A caller has given up its attempt at that address. @returns whether to cancel it there */
  mayCancel(address: string): boolean {
    const run = this.#runOf(address);
    if (run.cancelled < MAX_IN_A_ROW) {
      run.cancelled += 1;
      return true;
    }
    const mayCancel = run.isJudging;
    run.isJudging = true;
    return mayCancel;
  }

  /** An attempt has ended there, and not because it was cancelled. */
  ended(address: string): void {
    if (this.#runs.size > 0) this.#runs.delete(address);
  }

  #runOf(address: string): Run {
    const known = this.#runs.get(address);
    if (known !== undefined) return known;
    if (this.#runs.size >= MAX_ADDRESSES) this.#runs.clear();
    const run = { cancelled: 0, isJudging: false };
    this.#runs.set(address, run);
    return run;
  }
}
