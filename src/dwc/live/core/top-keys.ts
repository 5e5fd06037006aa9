// The keys of `dwc top`.

export const SORTS = ["worst", "number", "calls", "p99"] as const;

export interface TopState {
  readonly sort: (typeof SORTS)[number];
  /** The first visible row. */
  readonly offset: number;
  readonly help: boolean;
}

export const FIRST_STATE: TopState = { sort: "worst", offset: 0, help: false };

/** Key codes that terminals send. */
const KEYS = {
  up: ["\u001b[A", "\u001bOA", "k"],
  down: ["\u001b[B", "\u001bOB", "j"],
  pageUp: ["\u001b[5~"],
  pageDown: ["\u001b[6~", " "],
  home: ["\u001b[H", "\u001b[1~", "g"],
  // ^C and ^D as well: in raw mode they are ordinary keys.
  quit: ["q", "Q", "\u0003", "\u0004"],
  sort: ["s"],
  help: ["?", "h"],
  stop: ["\u001a"],
} as const;

/** An escape sequence, which begins with a control character, or any one letter. */
const ONE_KEY = /\p{Cc}(?:\[[\d;]*[A-Za-z~]|O[A-Za-z])|[\s\S]/gu;

/** One read can hold several keys: a held arrow key, fast typing, or a slow connection. */
export const keysIn = (typed: string): readonly string[] => typed.match(ONE_KEY) ?? [];

export type Pressed =
  | { readonly kind: "quit" }
  | { readonly kind: "stop" }
  | { readonly kind: "state"; readonly state: TopState };

/** @param rows the number of all rows, and of visible ones */
export function press(key: string, state: TopState, rows: { readonly all: number; readonly shown: number }): Pressed {
  const is = (name: keyof typeof KEYS): boolean => (KEYS[name] as readonly string[]).includes(key);
  if (is("quit")) return { kind: "quit" };
  if (is("stop")) return { kind: "stop" };
  if (state.help || is("help")) return { kind: "state", state: { ...state, help: !state.help } };
  if (is("sort")) return { kind: "state", state: { ...state, offset: 0, sort: nextSort(state) } };
  const last = Math.max(0, rows.all - rows.shown);
  const to = (offset: number): Pressed => ({
    kind: "state",
    state: { ...state, offset: Math.min(last, Math.max(0, offset)) },
  });
  if (is("up")) return to(state.offset - 1);
  if (is("down")) return to(state.offset + 1);
  if (is("pageUp")) return to(state.offset - rows.shown);
  if (is("pageDown")) return to(state.offset + rows.shown);
  if (is("home")) return to(0);
  return { kind: "state", state };
}

const nextSort = ({ sort }: TopState): TopState["sort"] => SORTS[(SORTS.indexOf(sort) + 1) % SORTS.length] ?? "worst";

export const HELP_LINES: readonly string[] = [
  "q        quit (^C too)",
  "s        sort by: the worst first, number, calls of the last minute, slowest hundredth (p99)",
  "↑ ↓      scroll by a row (k, j); page keys by a screen (space); home to the first (g)",
  "?        this help; any key ends it",
];
