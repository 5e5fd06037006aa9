// The guide of the tour: takes what happened and the time, returns what to print and to do.
//
// It keeps no plan. At every pause in the output it reads the scene afresh, and finds the first condition of the stop that
// does not hold: that is what it waits for, whatever the person did meanwhile. So no order of events leads to a dead end.

import type { Activity } from "../../activity/core/activity.ts";
import type { Owned, TourAction } from "./actions.ts";
import { pageText } from "./claims.ts";
import type { TourView, Wait } from "./conditions.ts";
import { explanationOf, explanationOfLine } from "./explained.ts";
import { EMPTY_SCENE, observe, type PageSeen, present, type Scene } from "./scene.ts";
import { readyStop, STOPS, type Stop } from "./stops.ts";
import { promptOf, type Say, type SayKind, said, stopHeading } from "./texts.ts";

export type TourKey = "enter" | "skip" | "back" | "leave" | "interrupt" | "other";

export type TourEvent =
  /** The Market, or an instance, has reported something. `isShown`: a line has been printed about it. */
  | { readonly kind: "activity"; readonly activity: Activity; readonly isShown: boolean }
  /** A line of one of the programs has been printed. */
  | { readonly kind: "line"; readonly text: string }
  /** The Market is open, and the tour begins at this stop. */
  | { readonly kind: "begin"; readonly stop: number }
  | { readonly kind: "key"; readonly key: TourKey }
  /** The instances of the tour have changed by themselves, or by a stop of the tour itself (^Z, fg). */
  | { readonly kind: "owned"; readonly owned: Owned }
  /** What the guide wanted to be done is done. */
  | { readonly kind: "done"; readonly owned: Owned }
  | { readonly kind: "tick" };

export type TourAct =
  | { readonly kind: "say"; readonly say: Say }
  /** A tour that is left from here on resumes at this stop. */
  | { readonly kind: "remember"; readonly stop: number }
  | { readonly kind: "do"; readonly actions: readonly TourAction[] }
  | { readonly kind: "end"; readonly isFinished: boolean };

export interface GuideOptions {
  /** The tour presses Enter by itself after this time; undefined: a person does. */
  readonly readingMs: number | undefined;
}

export interface TourState {
  readonly scene: Scene;
  readonly owned: Owned;
  readonly explained: ReadonlySet<string>;
  readonly phase: "opening" | "guiding" | "over";
  readonly stop: number;
  /** The last page that was judged, or came before the stop: only a later one counts for it. */
  readonly judged: number;
  /** That page, if it showed something else, until the tour has done something about it. */
  readonly seen: PageSeen | undefined;
  readonly isActing: boolean;
  /** ^C was pressed: the next one ends the tour. */
  readonly isLeaving: boolean;
  /** The prompt is the last text on the screen. */
  readonly isPrompted: boolean;
  /** The wait that the last prompt was about, word by word. */
  readonly promptText: string;
  /** What it waits for, and since when. */
  readonly waitingFor: string;
  readonly waitingSinceMs: number;
  readonly isHinted: boolean;
  /** The last line, key or end of an action. */
  readonly changedAtMs: number;
  /** Keys that AUTO has pressed for the present wait. */
  readonly presses: number;
  readonly pressedAtMs: number;
}

export interface TourStep {
  readonly state: TourState;
  readonly acts: readonly TourAct[];
}

/** The lines of a page come within a few milliseconds of each other. */
export const SETTLED_MS = 400;
/** Without progress for so long the tour says what to do, and offers to repeat what has failed. */
export const OVERDUE_MS = 10_000;
/** AUTO presses Enter again for the same wait only after this time. A busy machine may need seconds for a start. */
const PRESS_AGAIN_MS = 5_000;
/** AUTO passes a stop that does not succeed after so many keys. */
const MAX_PRESSES = 8;

export const FIRST_STATE: TourState = {
  ...{ scene: EMPTY_SCENE, owned: new Map(), explained: new Set(), phase: "opening", stop: 0 },
  ...{ judged: 0, seen: undefined, isActing: false, isLeaving: false, isPrompted: false },
  ...{ promptText: "", waitingFor: "", waitingSinceMs: 0, isHinted: false, changedAtMs: 0, presses: 0, pressedAtMs: 0 },
};

export function guide(state: TourState, event: TourEvent, now: number, options: GuideOptions): TourStep {
  if (state.phase === "over") return { state, acts: [] };
  switch (event.kind) {
    case "activity":
      return onActivity(state, event, now);
    case "line":
      return explain({ ...state, isPrompted: false, changedAtMs: now }, explanationOfLine(event.text));
    case "begin":
      return begin({ ...state, phase: "guiding", changedAtMs: now }, event.stop, now);
    case "key":
      return onKey({ ...state, changedAtMs: now }, event.key, now);
    case "owned":
      return {
        state: { ...state, owned: event.owned, seen: undefined, isPrompted: false, changedAtMs: now },
        acts: [],
      };
    case "done":
      return {
        state: { ...state, owned: event.owned, isActing: false, isPrompted: false, changedAtMs: now },
        acts: [],
      };
    case "tick":
      return onTick(state, now, options);
  }
}

const begin = (state: TourState, stop: number, now: number): TourStep =>
  stop === 0 ? arrive(state, 0, "forward", now) : arrive(state, readyStop(stop, state.scene), "again", now);

function onActivity(state: TourState, { activity, isShown }: TourEvent & { kind: "activity" }, now: number): TourStep {
  const scene = observe(state.scene, activity);
  const observed = { ...state, scene, changedAtMs: now };
  return isShown ? explain({ ...observed, isPrompted: false }, explanationOf(activity)) : { state: observed, acts: [] };
}

/** Each explanation comes once. */
function explain(state: TourState, explanation: string | undefined): TourStep {
  if (explanation === undefined || state.explained.has(explanation)) return { state, acts: [] };
  const explained = new Set(state.explained).add(explanation);
  return { state: { ...state, explained }, acts: [said("explained", explanation)] };
}

function onKey(state: TourState, key: TourKey, now: number): TourStep {
  if (key === "leave" || (key === "interrupt" && state.isLeaving)) return end(state, false);
  if (key === "interrupt")
    return { state: { ...state, isLeaving: true, isPrompted: true }, acts: [said("note", LEAVING)] };
  // Any other key answers the question.
  if (state.isLeaving)
    return { state: { ...state, isLeaving: false, isPrompted: false }, acts: [said("note", "The tour goes on.")] };
  if (state.phase === "opening") return { state, acts: [] };
  switch (key) {
    case "enter":
      return onEnter(state, now);
    case "skip":
      return withFirst(
        said("note", `Skipped: ${stopHeading(stopAt(state))}.`),
        arrive(state, state.stop + 1, "forward", now),
      );
    case "back":
      return goBack(state, now);
    case "other":
      return { state: { ...state, isPrompted: false }, acts: [] };
  }
}

const LEAVING = "End the tour? ^C again ends it, and every program that it has started. Any other key goes on.";

function goBack(state: TourState, now: number): TourStep {
  if (state.stop === 0)
    return { state: { ...state, isPrompted: false }, acts: [said("note", "This is the first stop.")] };
  return arrive(state, readyStop(state.stop - 1, state.scene), "again", now);
}

function onEnter(state: TourState, now: number): TourStep {
  if (state.isActing || state.scene.loading.length > 0)
    return { state, acts: [said("note", "One moment: the last thing is not over yet.")] };
  const { actions } = waitOf(state, now);
  if (actions.length === 0) return { state: { ...state, isPrompted: false }, acts: [] };
  return { state: { ...state, isActing: true, isPrompted: false, seen: undefined }, acts: [{ kind: "do", actions }] };
}

function onTick(state: TourState, now: number, options: GuideOptions): TourStep {
  const quietMs = now - state.changedAtMs;
  if (quietMs < SETTLED_MS) return { state, acts: [] };
  if (state.isLeaving) return sayOnce(state, "note", LEAVING);
  if (state.phase === "opening") return sayOnce(state, "busy", "Waiting for the programs to start.");
  if (state.isActing) return sayOnce(state, "busy", `Waiting for ${waitOf(state, now).what}.`);
  if (state.scene.loading.length > 0 && quietMs < OVERDUE_MS)
    return sayOnce(state, "busy", "Waiting for the rest of the page.");
  const settled = { ...state, scene: { ...state.scene, loading: [] } };
  return progress(settled, now) ?? autoEnter(prompt(judge(settled), now), now, options);
}

function sayOnce(state: TourState, kind: SayKind, text: string): TourStep {
  if (state.isPrompted) return { state, acts: [] };
  return { state: { ...state, isPrompted: true }, acts: [said(kind, text)] };
}

/** Goes on if the stop is done, or can no longer be shown. */
function progress(state: TourState, now: number): TourStep | undefined {
  const stop = stopAt(state);
  const moot = stop.moot?.(state.scene);
  if (moot !== undefined) return withFirst(passed(stop, moot), arrive(state, state.stop + 1, "forward", now));
  const claim = claimOf(state, stop, now);
  if (claim === undefined) return undefined;
  return withFirst(said("learnt", claim), arrive(state, state.stop + 1, "forward", now));
}

/** The claim of the stop, if the events bear it out. */
function claimOf(state: TourState, { goal, conditions }: Stop, now: number): string | undefined {
  if (goal.kind === "change")
    return conditions.every((condition) => condition(viewOf(state, now)) === undefined)
      ? goal.claim(state.scene)
      : undefined;
  const { page } = state.scene;
  return page === undefined || page.number <= state.judged ? undefined : goal.claim(page, state.scene);
}

/** Says of a page that shows something else what it did. */
function judge(state: TourState): TourStep {
  const { page } = state.scene;
  if (page === undefined || page.number <= state.judged) return { state, acts: [] };
  return {
    state: { ...state, judged: page.number, seen: page, isPrompted: false },
    acts: [said("note", `Not yet: ${pageText(page)}.`)],
  };
}

function prompt({ state, acts }: TourStep, now: number): TourStep {
  const wait = waitOf(state, now);
  const isSame = wait.what === state.waitingFor;
  const waitingSinceMs = isSame ? state.waitingSinceMs : now;
  const isOverdue = now - waitingSinceMs >= OVERDUE_MS;
  const isHinted = isSame && state.isHinted;
  const presses = isSame ? state.presses : 0;
  const promptText = JSON.stringify(wait);
  const next = {
    ...state,
    promptText,
    waitingFor: wait.what,
    waitingSinceMs,
    isHinted: isHinted || isOverdue,
    presses,
  };
  const isOnScreen = state.isPrompted && promptText === state.promptText;
  if (isOnScreen && (isHinted || !isOverdue)) return { state: next, acts };
  const lines = promptOf(stopAt(state), wait, isOverdue ? now - waitingSinceMs : 0);
  return { state: { ...next, isPrompted: true }, acts: [...acts, ...lines] };
}

/** AUTO: the tour presses Enter when there was time to read, and passes what does not succeed. */
function autoEnter({ state, acts }: TourStep, now: number, { readingMs }: GuideOptions): TourStep {
  if (readingMs === undefined || now - state.changedAtMs < SETTLED_MS + readingMs) return { state, acts };
  if (state.presses > 0 && now - state.pressedAtMs < PRESS_AGAIN_MS) return { state, acts };
  if (state.presses >= MAX_PRESSES) {
    const why = passed(stopAt(state), `nothing came of it after ${MAX_PRESSES} attempts`);
    return withFirst(why, arrive(state, state.stop + 1, "forward", now), acts);
  }
  const entered = onEnter({ ...state, presses: state.presses + 1, pressedAtMs: now }, now);
  return { state: entered.state, acts: [...acts, ...entered.acts] };
}

/** @param how `again`: the person wants to see it, also if it has happened before */
function arrive(state: TourState, index: number, how: "forward" | "again", now: number): TourStep {
  const stop = STOPS[index];
  if (stop === undefined) return end(state, true);
  const { scene } = state;
  const past = stop.moot?.(scene) ?? (how === "forward" ? stop.past?.(scene) : undefined);
  if (past !== undefined) return withFirst(passed(stop, past), arrive(state, index + 1, "forward", now));
  const first = stop.firstDone?.(scene);
  const arrived = {
    ...{ stop: index, judged: scene.pages, seen: undefined, isPrompted: false },
    ...{ waitingFor: "", waitingSinceMs: now, isHinted: false, presses: 0 },
  };
  return {
    state: { ...state, ...arrived },
    acts: [
      { kind: "remember", stop: index },
      said("heading", stopHeading(stop)),
      ...stop.intro.map((line) => said("text", line)),
      ...(first === undefined ? [] : [said("note", `${stop.step.numbers[0]} is passed: ${first}.`)]),
    ],
  };
}

const passed = (stop: Stop, why: string): TourAct => said("note", `Passed: ${stopHeading(stop)}: ${why}.`);

function end(state: TourState, isFinished: boolean): TourStep {
  const foreign = present(state.scene).filter((instance) => !state.owned.has(instance));
  const rest =
    foreign.length === 0
      ? []
      : [said("note", "Instances that you started yourself keep running: end them with ^C where they run.")];
  return { state: { ...state, phase: "over" }, acts: [...rest, { kind: "end", isFinished }] };
}

/** What it waits for now. Only a wait that lasts is overdue. */
function waitOf(state: TourState, now: number): Wait {
  const wait = firstWait(stopAt(state), viewOf(state, now));
  return wait.what === state.waitingFor
    ? wait
    : firstWait(stopAt(state), viewOf({ ...state, waitingSinceMs: now }, now));
}

function firstWait({ conditions, goal }: Stop, view: TourView): Wait {
  for (const condition of conditions) {
    const wait = condition(view);
    if (wait !== undefined) return wait;
  }
  if (goal.kind === "change") return { what: "the Market to notice it", how: [], actions: [] };
  return { what: "a page", how: [goal.ask(view)], actions: [{ do: "load" }] };
}

const viewOf = ({ scene, owned, seen, waitingSinceMs }: TourState, now: number): TourView => ({
  ...{ scene, owned, seen },
  isOverdue: now - waitingSinceMs >= OVERDUE_MS,
});

/** @throws for a state whose stop does not exist: the tour is over before that */
function stopAt({ stop }: TourState): Stop {
  const found = STOPS[stop];
  if (found === undefined) throw new Error(`tour: no stop ${stop}`);
  return found;
}

const withFirst = (first: TourAct, { state, acts }: TourStep, before: readonly TourAct[] = []): TourStep => ({
  state,
  acts: [...before, first, ...acts],
});
