// Generators of inputs: bytes and texts of any kind, JSON of any shape, and valid ones with one change. Those pass the
// first check and meet the others.

import * as fc from "fast-check";

/** Names and marks that have been trouble to parsers. */
const NASTY = [
  ...["__proto__", "constructor", "toString", "length", "null", "NaN", "Infinity", "-0", "1e999", "0x10", "%", "%00"],
  ...[
    "\u0000",
    "\r\n",
    "\n",
    "\ud800",
    "\u202e",
    "\ufeff",
    "🏀",
    ".",
    "..",
    "*",
    ">",
    "[::1",
    "@",
    "//",
    "\\",
    "'",
    '"',
  ],
];

export const nasty = fc.constantFrom(...NASTY);
const utf16 = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));
/** Long, and of one part over and over: what makes a careless pattern walk back and forth. */
const repeated = fc
  .tuple(fc.oneof(nasty, fc.string({ minLength: 1, maxLength: 3 })), fc.integer({ min: 100, max: 5000 }))
  .map(([part, times]) => part.repeat(times));

export const anyText: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 60 }) },
  { weight: 3, arbitrary: fc.string({ unit: utf16, maxLength: 40 }) },
  {
    weight: 3,
    arbitrary: fc.array(fc.oneof(nasty, fc.string({ maxLength: 5 })), { maxLength: 6 }).map((all) => all.join("")),
  },
  { weight: 1, arbitrary: repeated },
);

export const anyBytes: fc.Arbitrary<Uint8Array> = fc.uint8Array({ maxLength: 200 });

/** What JSON can carry, nasty names and numbers among it. */
export const anyJson: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.dictionary(fc.oneof(nasty, fc.string({ maxLength: 8 })), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 5 }),
  fc.constantFrom<unknown>(
    -0,
    1e300,
    -1,
    0.5,
    Number.MAX_SAFE_INTEGER,
    Number.MAX_SAFE_INTEGER + 1,
    "",
    [],
    {},
    null,
    true,
  ),
);

interface Edit {
  /** Where, as a share of the length. */
  readonly at: number;
  readonly removed: number;
  readonly put: string;
}

const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.integer({ min: 0, max: 1000 }).map((thousandths) => thousandths / 1000),
  removed: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 1000 })),
  put: fc.oneof(fc.constant(""), nasty, fc.string({ maxLength: 3 }), fc.string({ unit: utf16, maxLength: 2 })),
});

function edited(text: string, edits: readonly Edit[]): string {
  return edits.reduce((changed, { at, removed, put }) => {
    const place = Math.floor(at * changed.length);
    return changed.slice(0, place) + put + changed.slice(place + removed);
  }, text);
}

/** One of `valid`, with up to three changes of its text; none at times. */
export function nearlyText(...valid: readonly string[]): fc.Arbitrary<string> {
  return fc
    .tuple(fc.constantFrom(...valid), fc.array(edit, { maxLength: 3 }))
    .map(([text, edits]) => edited(text, edits));
}

/** One of `valid`, with up to three of its parts, however deep, put aside, left out or added to. */
export function nearlyJson(...valid: readonly unknown[]): fc.Arbitrary<unknown> {
  const change = fc.tuple(fc.nat(10_000), fc.oneof(anyJson, nasty, fc.constant(LEFT_OUT)));
  return fc
    .tuple(fc.constantFrom(...valid), fc.array(change, { maxLength: 3 }))
    .map(([value, changes]) => changes.reduce((changed, [nth, put]) => withPart(changed, nth, put), value));
}

const LEFT_OUT = Symbol("left out");

/** A copy of `value` in which one of its parts, the `nth` or round again, is `put`. */
function withPart(value: unknown, nth: number, put: unknown): unknown {
  const copy: unknown = structuredClone(value);
  const places: (readonly [object, string])[] = [];
  collect(copy, places);
  const place = places[nth % Math.max(1, places.length)];
  if (place === undefined) return put === LEFT_OUT ? null : put;
  const [owner, key] = place;
  // JSON knows no list with a hole in it.
  if (put === LEFT_OUT && Array.isArray(owner)) owner.splice(Number(key), 1);
  else if (put === LEFT_OUT) Reflect.deleteProperty(owner, key);
  else Object.defineProperty(owner, key, { value: put, enumerable: true, configurable: true, writable: true });
  return copy;
}

function collect(value: unknown, places: (readonly [object, string])[]): void {
  if (typeof value !== "object" || value === null) return;
  for (const [key, part] of Object.entries(value)) {
    places.push([value, key]);
    collect(part, places);
  }
  // An unknown part.
  if (!Array.isArray(value)) places.push([value, "strange"]);
}

/** The bytes of a message: any, of any text, of any JSON, or of one that is nearly one of `valid`. */
export function messages(...valid: readonly object[]): fc.Arbitrary<Uint8Array> {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  return fc.oneof(
    { weight: 2, arbitrary: anyBytes },
    { weight: 1, arbitrary: anyText.map(bytes) },
    { weight: 2, arbitrary: anyJson.map((value) => bytes(JSON.stringify(value))) },
    { weight: 3, arbitrary: nearlyText(...valid.map((one) => JSON.stringify(one))).map(bytes) },
    { weight: 4, arbitrary: nearlyJson(...valid).map((value) => bytes(JSON.stringify(value) ?? "")) },
  );
}
