// Runs code as a user without root's rights: root may read every file and folder.

import { chmodSync, statSync } from "node:fs";
import { tmpdir } from "node:os";

const UNPRIVILEGED_USER = 65_534;

/** @param folder of the test, below tmpdir(); `act` gets there, and is synchronous */
export function asUnprivileged<T>(folder: string, act: () => T): T {
  const user = process.geteuid?.() ?? UNPRIVILEGED_USER;
  if (user !== 0) return act();
  for (const path of [tmpdir(), folder]) chmodSync(path, (statSync(path).mode & 0o7777) | 0o011);
  process.seteuid?.(UNPRIVILEGED_USER);
  try {
    return act();
  } finally {
    process.seteuid?.(user);
  }
}
