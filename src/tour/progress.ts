// The stop at which a tour was left, as one number in the state folder. An invalid file starts the tour from the
// beginning.

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makePrivateDir } from "../program/private-files.ts";
import { fieldsOf, parseJson } from "../util/json.ts";

export interface Progress {
  /** Index of the stop. */
  read(): number;
  write(stop: number): void;
  forget(): void;
}

/** @param stops the number of stops: a stored number that is not below it is ignored */
export function progressIn(folder: string, stops: number): Progress {
  const path = join(folder, "tour.json");
  return {
    read: () => {
      const stop = readStop(path);
      return Number.isInteger(stop) && stop > 0 && stop < stops ? stop : 0;
    },
    write: (stop) => {
      makePrivateDir(folder);
      writeFileSync(path, `${JSON.stringify({ stop })}\n`);
    },
    forget: () => rmSync(path, { force: true }),
  };
}

function readStop(path: string): number {
  try {
    return Number(fieldsOf(parseJson(readFileSync(path, "utf8")))["stop"]);
  } catch {
    return 0;
  }
}
