// Reads the lines of a record one at a time: neither a file of 100 MB nor an endless line is held in memory.

import { createReadStream } from "node:fs";
import { MAX_LINE_LENGTH } from "./core/parse-record.ts";

export interface FileLine {
  /** Counted from 1, as in editors. */
  readonly number: number;
  readonly text: string;
  /** False for a last line without a newline: the file was cut there, or its writer was killed. */
  readonly isComplete: boolean;
  /** Only the start of the line was read. It is the last line that is returned. */
  readonly isTooLong: boolean;
}

/** @throws the system's error when the file cannot be read */
export async function* linesOf(path: string): AsyncGenerator<FileLine> {
  let number = 0;
  let rest = "";
  for await (const chunk of createReadStream(path, { encoding: "utf8" })) {
    const lines = (rest + String(chunk)).split("\n");
    rest = lines.pop() ?? "";
    for (const text of lines) {
      number += 1;
      yield { number, text, isComplete: true, isTooLong: false };
    }
    if (rest.length > MAX_LINE_LENGTH) {
      yield { number: number + 1, text: rest.slice(0, MAX_LINE_LENGTH), isComplete: false, isTooLong: true };
      return;
    }
  }
  if (rest !== "") yield { number: number + 1, text: rest, isComplete: false, isTooLong: false };
}
