// A folder that only its owner can look into.

import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { errorCode } from "../util/errors.ts";

const OWNER_ONLY_FOLDER = 0o700;

/**
 * With what is above it. Level by level, as Node's own recursive way turns for ever where a file system refuses folders
 * as if their parent were missing (/proc does). @throws Error as the system has it
 */
export function makePrivateDir(folder: string): void {
  const parent = dirname(folder);
  if (parent !== folder && !existsSync(parent)) makePrivateDir(parent);
  try {
    mkdirSync(folder, { mode: OWNER_ONLY_FOLDER });
  } catch (error) {
    // It was there, or another process was quicker; a file in its place is in the way.
    if (!existed(error) || !statSync(folder).isDirectory()) throw error;
  }
}

const existed = (error: unknown): boolean => errorCode(error) === "EEXIST";
