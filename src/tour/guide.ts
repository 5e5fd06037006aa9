// Where the tour stands, and what comes next. A line, a key or a moment of quiet in; things to say and to do out.
//
// A stop is over only when its lines have come *and* nothing more has been printed for a moment: the story would else go
// on in the middle of a page's lines.

import { explanationOf } from "./explained.ts";
import type { Stop, StopAction, Task } from "./stop.ts";

export type TourEvent =
  /** A line of one of the programs, without its speaker. */
  | { readonly kind: "line"; readonly text: string }
  /** Nothing was printed for a moment. */
  | { readonly kind: "quiet" }
  /** Nothing was printed for so long that what has not come yet will not come by itself. */
  | { readonly kind: "silence" }
  /** The person asks the tour to do it. */
  | { readonly kind: "help-requested" };

export type TourAct =
  | { readonly kind: "explain"; readonly text: string }
  | { readonly kind: "seen"; readonly text: string }
  | { readonly kind: "stop"; readonly number: number; readonly stop: Stop }
  | { readonly kind: "ask"; readonly task: Task }
  | { readonly kind: "do"; readonly actions: readonly StopAction[] }
  | { readonly kind: "over" };

const ONCE_MORE = "That page came a moment too early or too late. Load it once more.";
/** The last line of every page. */
const PAGE_SHOWN = /^WAITED /;

export interface Place {
  /** Index of the stop, and of its task. */
  readonly stop: number;
  readonly task: number;
  /** Indices of the lines that this task waits for and that have come. */
  readonly matched: ReadonlySet<number>;
  /** The tour does the rest of this stop. */
  readonly helping: boolean;
  /** A page was shown since the task was asked for. */
  readonly shown: boolean;
  readonly explained: ReadonlySet<string>;
}

export interface Guided {
  readonly place: Place;
  readonly acts: readonly TourAct[];
}

/** Begins at a stop. */
export function beginAt(stops: readonly Stop[], stop: number, explained: ReadonlySet<string> = new Set()): Guided {
  const begun = stops[stop];
  const place = { stop, task: 0, matched: new Set<number>(), helping: false, shown: false, explained };
  const [first] = begun?.tasks ?? [];
  if (begun === undefined || first === undefined) return { place, acts: [{ kind: "over" }] };
  return {
    place,
    acts: [
      { kind: "stop", number: stop + 1, stop: begun },
      { kind: "ask", task: first },
    ],
  };
}

export function guide(stops: readonly Stop[], place: Place, event: TourEvent): Guided {
  const task = stops[place.stop]?.tasks[place.task];
  if (task === undefined) return { place, acts: [] };
  switch (event.kind) {
    case "line":
      return heard(place, task, event.text);
    case "help-requested":
      return { place: { ...place, helping: true }, acts: [{ kind: "do", actions: task.actions }] };
    case "quiet":
      return place.matched.size === task.until.length ? onward(stops, place) : { place, acts: [] };
    case "silence":
      return { place: { ...place, shown: false }, acts: again(place, task) };
  }
}

/**
 * A page that was loaded at an unlucky moment tells another story: a killed process whose socket the system has not taken
 * away yet is a hung one, and an instance on a busy machine can need more than its second. Then the page is loaded once
 * more; the tour would else wait for a line that cannot come any more.
 */
function again(place: Place, task: Task): readonly TourAct[] {
  if (place.matched.size === task.until.length) return [];
  const loads = task.actions.filter((action) => action.do === "load");
  if (place.helping && loads.length > 0) return [{ kind: "do", actions: loads }];
  return place.shown ? [{ kind: "ask", task: { ...task, ask: ONCE_MORE } }] : [];
}

function heard(place: Place, task: Task, text: string): Guided {
  const matched = new Set(place.matched);
  for (const [index, pattern] of task.until.entries()) if (pattern.test(text)) matched.add(index);
  const shown = place.shown || PAGE_SHOWN.test(text);
  const { explained, acts } = explain(text, place.explained);
  return { place: { ...place, matched, shown, explained }, acts };
}

/** Each kind of line once; also for those that come before the first stop. */
export function explain(
  text: string,
  explained: ReadonlySet<string>,
): { readonly explained: ReadonlySet<string>; readonly acts: readonly TourAct[] } {
  const explanation = explanationOf(text);
  if (explanation === undefined || explained.has(explanation)) return { explained, acts: [] };
  return { explained: new Set(explained).add(explanation), acts: [{ kind: "explain", text: explanation }] };
}

/** To the next task of the stop, or to the next stop. */
function onward(stops: readonly Stop[], place: Place): Guided {
  const stop = stops[place.stop];
  const next = stop?.tasks[place.task + 1];
  if (stop === undefined) return { place, acts: [] };
  if (next === undefined) {
    const begun = beginAt(stops, place.stop + 1, place.explained);
    return { place: begun.place, acts: [{ kind: "seen", text: stop.learnt }, ...begun.acts] };
  }
  const moved = { ...place, task: place.task + 1, matched: new Set<number>(), shown: false };
  return { place: moved, acts: [place.helping ? { kind: "do", actions: next.actions } : { kind: "ask", task: next }] };
}
