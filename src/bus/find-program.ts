// Finds a program. Debian installs nats-server in /usr/sbin, which is not in the PATH of an ordinary user.

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Searched after PATH: where Debian, an administrator and Homebrew install servers. */
const MORE_FOLDERS = ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin"];

/** @param path the PATH of the environment */
export function programFolders(path: string | undefined): readonly string[] {
  const named = (path ?? "").split(delimiter).filter((folder) => folder !== "");
  return [...new Set([...named, ...MORE_FOLDERS])];
}

/** The program of that name in the first folder that has an executable one. */
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
