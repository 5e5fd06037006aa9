// Replays a record file: runs every line through the same deciding code and prints it with the decision. The replay
// ends at the end of the file, or at the first line that is unreadable or decided differently.

import { isoTime } from "../clock.ts";
import { asText } from "../program/log.ts";
import type { Header } from "../record/core/entry.ts";
import { MAX_LINE_LENGTH, type Parsed, parseEntry, parseHead } from "../record/core/parse-record.ts";
import { Replay } from "../record/core/replay.ts";
import { type FileLine, linesOf } from "../record/record-file.ts";
import { parseJson } from "../util/json.ts";
import { headLines, replayedLines } from "./core/replay-lines.ts";

/** The result of a replay. */
export type Verdict =
  | { readonly kind: "same"; readonly sentence: string }
  | { readonly kind: "trouble"; readonly sentence: string };

/**
 * @param print takes one line
 * @returns the last sentence: the result, or the line at which the replay ended and why; never rejects
 */
export async function replayFile(path: string, print: (line: string) => void): Promise<Verdict> {
  const reader = new Reader(print);
  try {
    for await (const line of linesOf(path)) {
      const why = reader.read(line);
      if (why !== undefined) return trouble(`${path}, line ${line.number}: ${why}`);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return trouble(`${path} cannot be read (${code}): type  make replay FILE=a-record`);
  }
  return reader.verdict(path);
}

const HOW = { iso: isoTime, asText } as const;

class Reader {
  readonly #print: (line: string) => void;
  #replay: { readonly head: Header; readonly replay: Replay } | undefined;
  #lines = 0;
  #changes = 0;

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  /** The problem with that line; undefined: none. */
  read({ number, text, isComplete, isTooLong }: FileLine): string | undefined {
    if (isTooLong || text.length > MAX_LINE_LENGTH)
      return `longer than ${MAX_LINE_LENGTH} characters: this is no line of a record`;
    this.#lines = number;
    const isBeginning = this.#replay === undefined;
    const why = this.#replay === undefined ? this.#begin(text) : this.#next(number, text, this.#replay);
    if (why === undefined || isComplete || parseJson(text) !== undefined) return why;
    return isBeginning
      ? "its first line is cut off, or this is no record of a Market"
      : "cut off in the middle: the file ends here, and every line before was decided the same";
  }

  #begin(text: string): string | undefined {
    const head = parseHead(text);
    if (head.kind === "unreadable") return head.why;
    this.#replay = { head: head.value, replay: new Replay(head.value) };
    for (const line of headLines(head.value, isoTime)) this.#print(line);
    return undefined;
  }

  #next(
    number: number,
    text: string,
    { head, replay }: { readonly head: Header; readonly replay: Replay },
  ): string | undefined {
    const entry: Parsed<Parameters<Replay["run"]>[0]> = parseEntry(text, head.service);
    if (entry.kind === "unreadable") return entry.why;
    const outcome = replay.run(entry.value);
    if (outcome.kind === "diverged") return `decided differently than recorded. ${outcome.why}`;
    this.#changes += outcome.replayed.changes.length;
    const at = { number, service: head.service };
    for (const line of replayedLines(at, outcome.replayed, HOW)) this.#print(line);
    return undefined;
  }

  verdict(path: string): Verdict {
    if (this.#replay === undefined) return trouble(`${path} is empty: no Market has written a record there`);
    const open = this.#replay.replay.isOver
      ? ""
      : " It has no end entry: the Market was killed or is still running, or the file was cut.";
    const changes = `${this.#changes} changes of state`;
    return {
      kind: "same",
      sentence: `${path}: ${this.#lines} lines, ${changes}, and every decision the same as recorded.${open}`,
    };
  }
}

const trouble = (sentence: string): Verdict => ({ kind: "trouble", sentence });
