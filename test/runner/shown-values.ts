// Loaded before the tests of a process: a failed match shows the value that did not match. uvu shows its pattern only,
// and a test that fails once in a hundred runs has to say then what it saw.

import { Assertion } from "uvu/assert";

/** A screenful, as of a window. */
const MAX_CHARACTERS = 4_000;
const SHOWING = new Set(["match", "not.match"]);
const own = new WeakMap<Assertion, unknown>();

/** uvu sets it in the constructor, before the value. */
Object.defineProperty(Assertion.prototype, "details", {
  get(this: Assertion) {
    const { operator, actual } = this;
    return SHOWING.has(operator) ? withValue(actual) : own.get(this);
  },
  set(this: Assertion, details: unknown) {
    own.set(this, details);
  },
});

function withValue(value: unknown): string {
  const text = String(value);
  const cut = text.length - MAX_CHARACTERS;
  return `Value:\n${cut > 0 ? `${text.slice(0, MAX_CHARACTERS)}\n… and ${cut} characters more` : text}`;
}
