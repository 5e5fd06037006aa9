// The keyboard of the tour. In raw mode each key arrives at once, and ^C is a key: the tour asks before it ends. ^Z stops
// the tour and all its programs, as outside of raw mode.

import { RawMode } from "../program/raw-mode.ts";
import type { TourKey } from "./core/guide.ts";

const KEYS: Readonly<Record<string, TourKey>> = {
  ...{ "\r": "enter", "\n": "enter", s: "skip", S: "skip", b: "back", B: "back", q: "leave", Q: "leave" },
  // ^C and ^D.
  ...{ "\u0003": "interrupt", "\u0004": "leave" },
};
const STOP = "\u001a";
/** An arrow, or another key that sends several characters. */
const ESCAPE = "\u001b";

export interface TourKeysOptions {
  readonly input: NodeJS.ReadStream;
  readonly onKey: (key: TourKey) => void;
  /** The terminal was closed. */
  readonly onClosed: () => void;
}

/** Reads keys until the returned function is called. */
export function readKeys({ input, onKey, onClosed }: TourKeysOptions): () => void {
  const raw = new RawMode({ input, afterEnter: () => undefined, beforeLeave: () => undefined, onClosed });
  const onText = (text: string): void => {
    const keys = text.startsWith(ESCAPE) ? [ESCAPE] : text;
    for (const key of keys) {
      if (key === STOP) raw.stop();
      else onKey(KEYS[key] ?? "other");
    }
  };
  input.setEncoding("utf8").on("data", onText);
  raw.enter();
  return () => {
    raw.leave();
    input.off("data", onText);
    input.pause();
  };
}
