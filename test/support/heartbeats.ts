// Forged heartbeats of every kind: some that a client might accept, and many that it must reject.

import { randomBytes } from "node:crypto";

export interface Forgery {
  readonly subject: string;
  readonly body: string | Uint8Array;
}

/** A real instance that the forgeries name: `2-x5…`. */
type Victim = string;

/** A valid heartbeat of an instance that does not exist. */
export function wellFormed(incarnation: string, over: Readonly<Record<string, unknown>> = {}): Forgery {
  const beat = {
    ...{ service: "ratings", instance: 1 + (hash(incarnation) % 999_999), incarnation },
    ...{ address: `ratings.get.${incarnation}`, seq: 1, intervalMs: 15_000, state: "up", version: "1.0.0" },
    ...over,
  };
  return { subject: `health.ratings.${incarnation}`, body: JSON.stringify(beat) };
}

function hash(text: string): number {
  let sum = 0;
  for (const character of text) sum = (sum * 31 + character.charCodeAt(0)) >>> 0;
  return sum;
}

/** One forgery of each kind, different for every `place`, on the subject of an unknown instance. */
export function forgeries(place: number, victim: Victim): readonly Forgery[] {
  const incarnation = `f${place}`;
  const beat = (over: Readonly<Record<string, unknown>>): Forgery => wellFormed(incarnation, over);
  const inItsName = { incarnation: victim, address: `ratings.get.${victim}`, seq: 1_000_000 + place };
  const raw = (body: string | Uint8Array): Forgery => ({ subject: `health.ratings.${incarnation}`, body });
  return [
    // New names without end, some with the numbers of real instances.
    ...[wellFormed(`a${place}`), wellFormed(`b${place}`), wellFormed(`c${place}`, { instance: 1 + (place % 3) })],
    // In another instance's name, with a higher sequence number than any of its own.
    ...[beat({ ...inItsName }), beat({ ...inItsName, state: "gone" }), beat({ ...inItsName, state: "draining" })],
    ...[beat({ address: inItsName.address }), beat({ address: "ratings.get" }), beat({ address: "health.ratings" })],
    ...[
      beat({ state: "gone" }),
      beat({ state: "draining" }),
      beat({ state: "constructor" }),
      beat({ service: "other" }),
    ],
    // Numbers at their limits and beyond.
    ...[beat({ seq: Number.MAX_SAFE_INTEGER }), beat({ seq: 1e308 }), beat({ seq: -1 }), beat({ seq: 0.5 })],
    ...[beat({ intervalMs: 10 }), beat({ intervalMs: 300_000 }), beat({ intervalMs: 1e300 }), beat({ intervalMs: 0 })],
    ...[beat({ instance: 999_999 }), beat({ instance: 0 }), beat({ instance: "1" }), beat({ instance: null })],
    raw(`{"service":"ratings","instance":1e999,"seq":${"9".repeat(300)}}`),
    // Wrong types and names that mean something to JavaScript.
    ...[raw("null"), raw("[]"), raw('"up"'), raw("0"), raw(""), raw("{"), raw('{"toString":1,"valueOf":2}')],
    ...[raw('{"__proto__":{"proven":true,"state":"up"}}'), raw('{"constructor":{"prototype":{"state":"up"}}}')],
    ...["__proto__", "constructor", "toString", "hasOwnProperty"].map((name) => wellFormed(name, { seq: place })),
    ...[beat({ version: "v".repeat(1_000) }), beat({ version: { toString: 1 } }), beat({ extra: "x".repeat(3_000) })],
    // Bytes, depth and length.
    ...[raw(randomBytes(40)), raw("\u0000".repeat(100)), raw("[".repeat(2_000)), raw('{"a":'.repeat(800))],
    // Subjects that are none of an incarnation.
    { subject: `health.ratings.${"i".repeat(200)}`, body: "{}" },
    { subject: "health.ratings.\u001b[2J\u0007", body: "{}" },
    { subject: "health.ratings.*", body: "{}" },
    { subject: `health.ratings.${incarnation}.more`, body: "{}" },
  ];
}
