// Where a tour was left, in the state folder: one small number, so that anything odd in it just begins the tour anew.

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

/** @param stops how many there are: a number that is not below it is none */
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
