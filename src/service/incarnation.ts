// Who this process is on the bus: a fresh id at every start, so that a restarted instance is never taken for its
// former self, with the number a person gave it in front, so that an address can be read.

import { randomBytes } from "node:crypto";

/** 72 bits: of a million starts no two are alike, and an address still fits on a line. */
const ID_BYTES = 9;

export function newIncarnation(instance: number): string {
  return `${instance}-${randomBytes(ID_BYTES).toString("base64url")}`;
}
