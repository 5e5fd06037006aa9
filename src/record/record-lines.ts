// The lines of a record's file, one at a time: a hundred megabytes are not held at once, nor is a line that never ends.

import { createReadStream } from "node:fs";
import { LONGEST_LINE } from "./core/parse-record.ts";

export interface FileLine {
  /** From 1, as editors count. */
  readonly number: number;
  readonly text: string;
  /** False for a last one without an end: the file was cut there, or its writer was killed. */
  readonly isWhole: boolean;
  /** So long that only its start was read; it is the last that is handed out. */
  readonly isEndless: boolean;
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
      yield { number, text, isWhole: true, isEndless: false };
    }
    if (rest.length > LONGEST_LINE) {
      yield { number: number + 1, text: rest.slice(0, LONGEST_LINE), isWhole: false, isEndless: true };
      return;
    }
  }
  if (rest !== "") yield { number: number + 1, text: rest, isWhole: false, isEndless: false };
}
