// The lines of a record's file, one at a time: a hundred megabytes are not held at once, nor is a line that never ends.

import { createReadStream } from "node:fs";
import { MAX_LINE_LENGTH } from "./core/parse-record.ts";

export interface FileLine {
  /** From 1, as editors count. */
  readonly number: number;
  readonly text: string;
  /** False for a last one without an end: the file was cut there, or its writer was killed. */
  readonly isComplete: boolean;
  /** So long that only its start was read; it is the last that is handed out. */
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
