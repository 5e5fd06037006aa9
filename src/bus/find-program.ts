// Where a program is. Debian puts nats-server into /usr/sbin, which is not in a plain user's PATH.

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Where servers are installed beyond what PATH says: by Debian, by hand, by Homebrew. */
const MORE_FOLDERS = ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin"];

/** @param path the PATH of the environment */
export function programFolders(path: string | undefined): readonly string[] {
  const named = (path ?? "").split(delimiter).filter((folder) => folder !== "");
  return [...new Set([...named, ...MORE_FOLDERS])];
}

/** The first of `folders` that holds a program of that name which we may run. */
export function findProgram(name: string, folders: readonly string[]): string | undefined {
  return folders.map((folder) => join(folder, name)).find(mayRun);
}

function mayRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
