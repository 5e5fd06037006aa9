// What a user without rights of root meets: root may read and look into everything.

import { chmodSync, statSync } from "node:fs";
import { tmpdir } from "node:os";

const NOBODY = 65_534;

/** @param folder of the test, below tmpdir(); `act` gets there, and is synchronous */
export function asUnprivileged<T>(folder: string, act: () => T): T {
  const user = process.geteuid?.() ?? NOBODY;
  if (user !== 0) return act();
  for (const path of [tmpdir(), folder]) chmodSync(path, (statSync(path).mode & 0o7777) | 0o011);
  process.seteuid?.(NOBODY);
  try {
    return act();
  } finally {
    process.seteuid?.(user);
  }
}
