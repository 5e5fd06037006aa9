// The state machine of the tour. Takes a line, a key or a pause in the output; returns things to print and to do.
//
// A stop ends only when its lines have come *and* the output has settled. Else the next text would appear in the middle
// of a page's lines.

import { explanationOf } from "./explained.ts";
import type { Stop, StopAction, Task } from "./stop.ts";

export type TourEvent =
  /** A line of one of the programs, without the program's name. */
  | { readonly kind: "line"; readonly text: string }
  /** No line for SETTLED_MS. */
  | { readonly kind: "settled" }
  /** No line for SETTLED_MS + STALLED_MS: a line that is still missing will not come by itself. */
  | { readonly kind: "stalled" }
  /** The person pressed Enter: the tour does the task. */
  | { readonly kind: "help-requested" };

export type TourAct =
  | { readonly kind: "explain"; readonly text: string }
  | { readonly kind: "learnt"; readonly text: string }
  | { readonly kind: "stop"; readonly number: number; readonly stop: Stop }
  | { readonly kind: "ask"; readonly task: Task }
  | { readonly kind: "do"; readonly actions: readonly StopAction[] }
  | { readonly kind: "over" };

const ONCE_MORE = "That page came a moment too early or too late. Load it once more.";
/** The last line of every page. */
const PAGE_SHOWN = /^WAITED /;

export interface TourPosition {
  /** Index of the stop, and of its task. */
  readonly stop: number;
  readonly task: number;
  /** Indices of the task's awaited lines that have come. */
  readonly matched: ReadonlySet<number>;
  /** The tour does the rest of this stop. */
  readonly helping: boolean;
  /** A page was shown since the task was asked for. */
  readonly shown: boolean;
  readonly explained: ReadonlySet<string>;
}

export interface TourStep {
  readonly place: TourPosition;
  readonly acts: readonly TourAct[];
}

/** Begins at a stop. */
export function beginAt(stops: readonly Stop[], stop: number, explained: ReadonlySet<string> = new Set()): TourStep {
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

export function guide(stops: readonly Stop[], place: TourPosition, event: TourEvent): TourStep {
  const task = stops[place.stop]?.tasks[place.task];
  if (task === undefined) return { place, acts: [] };
  switch (event.kind) {
    case "line":
      return onLine(place, task, event.text);
    case "help-requested":
      return { place: { ...place, helping: true }, acts: [{ kind: "do", actions: task.actions }] };
    case "settled":
      return place.matched.size === task.until.length ? onward(stops, place) : { place, acts: [] };
    case "stalled":
      return { place: { ...place, shown: false }, acts: again(place, task) };
  }
}

/**
 * A page loaded at an unlucky moment may print other lines: a killed process looks hung until the kernel closes its
 * socket, and on a busy machine an instance can need more than its second. The page is then loaded once more. Else the
 * tour would wait for a line that can no longer come.
 */
function again(place: TourPosition, task: Task): readonly TourAct[] {
  if (place.matched.size === task.until.length) return [];
  const loads = task.actions.filter((action) => action.do === "load");
  if (place.helping && loads.length > 0) return [{ kind: "do", actions: loads }];
  return place.shown ? [{ kind: "ask", task: { ...task, ask: ONCE_MORE } }] : [];
}

function onLine(place: TourPosition, task: Task, text: string): TourStep {
  const matched = new Set(place.matched);
  for (const [index, pattern] of task.until.entries()) if (pattern.test(text)) matched.add(index);
  const shown = place.shown || PAGE_SHOWN.test(text);
  const { explained, acts } = explain(text, place.explained);
  return { place: { ...place, matched, shown, explained }, acts };
}

/** Explains each kind of line once, also before the first stop. */
export function explain(
  text: string,
  explained: ReadonlySet<string>,
): { readonly explained: ReadonlySet<string>; readonly acts: readonly TourAct[] } {
  const explanation = explanationOf(text);
  if (explanation === undefined || explained.has(explanation)) return { explained, acts: [] };
  return { explained: new Set(explained).add(explanation), acts: [{ kind: "explain", text: explanation }] };
}

/** Moves to the next task of the stop, or to the next stop. */
function onward(stops: readonly Stop[], place: TourPosition): TourStep {
  const stop = stops[place.stop];
  const next = stop?.tasks[place.task + 1];
  if (stop === undefined) return { place, acts: [] };
  if (next === undefined) {
    const begun = beginAt(stops, place.stop + 1, place.explained);
    return { place: begun.place, acts: [{ kind: "learnt", text: stop.learnt }, ...begun.acts] };
  }
  const moved = { ...place, task: place.task + 1, matched: new Set<number>(), shown: false };
  return { place: moved, acts: [place.helping ? { kind: "do", actions: next.actions } : { kind: "ask", task: next }] };
}
