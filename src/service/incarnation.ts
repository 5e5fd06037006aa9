// Incarnation ids: a new one at every start, so that a restarted instance is never mistaken for the process before it.
// The number of the instance comes first, so that a person can read an address.

import { randomBytes } from "node:crypto";

/** 72 bits: among a million starts no two ids are equal, and an address still fits on a line. */
const ID_BYTES = 9;

export function newIncarnation(instance: number): string {
  return `${instance}-${randomBytes(ID_BYTES).toString("base64url")}`;
}
