// The conditions of a stop, and what is to be done for each. An instance that the tour has started is paused and ended by
// the tour, at a key. Of any other the text says what to type where it runs.

import { instancesText, type Owned, type TourAction } from "./actions.ts";
import { isHanging, isSilent, isWorking, livingOf, type PageSeen, present, type Scene } from "./scene.ts";

export interface TourView {
  readonly scene: Scene;
  readonly owned: Owned;
  /** The page that has just shown something else than the stop wants. */
  readonly seen: PageSeen | undefined;
  /** It has waited so long that what was begun has probably failed. */
  readonly isOverdue: boolean;
}

/** What the tour waits for. */
export interface Wait {
  /** Completes "Waiting for …". */
  readonly what: string;
  /** Sentences: what the person does elsewhere. Empty: nothing but the key, or time. */
  readonly how: readonly string[];
  /** What Enter does; empty: nothing. */
  readonly actions: readonly TourAction[];
}

/** Only the person can reach the process, as far as the tour knows: one that answers was not killed. */
export const isForeign = ({ owned, seen }: TourView, instance: number): boolean =>
  owned.get(instance) === undefined || (owned.get(instance) === "killed" && seen?.calls.includes(instance) === true);

/** @returns undefined when the condition holds */
export type Condition = (view: TourView) => Wait | undefined;

/** These instances take calls. */
export const working =
  (...instances: readonly number[]): Condition =>
  (view) => {
    const missing = instances.filter((instance) => !isWorking(view.scene, instance));
    if (missing.length === 0) return undefined;
    const others = instances.filter((instance) => !missing.includes(instance));
    const rest = others.length === 0 ? "" : ` (${instancesText(others)} ${others.length === 1 ? "works" : "work"})`;
    const needs = missing.map((instance) => needOf(view, instance));
    const toStart = missing.filter((_, index) => needs[index]?.kind === "start");
    return {
      what: `${instancesText(missing)}${rest}`,
      how: [...needs.flatMap(({ how }) => how), ...startCommands(toStart)],
      actions: [...started(toStart), ...distinct(needs.flatMap(({ actions }) => actions))],
    };
  };

interface Need {
  readonly kind: "start" | "other";
  readonly how: readonly string[];
  readonly actions: readonly TourAction[];
}

/** What an instance needs that takes no calls. */
function needOf({ scene, owned, isOverdue }: TourView, instance: number): Need {
  const state = owned.get(instance);
  if (state === "paused") return other([`Instance ${instance} is paused by the tour.`], [{ do: "resume", instance }]);
  if (state === "running") return runningNeed(scene, instance, isOverdue);
  if (state === undefined && isSilent(scene, instance))
    return other([`Instance ${instance} is silent: ${CONTINUE}.`], isOverdue ? started([instance]) : []);
  if (state === undefined && isHanging(scene, instance))
    return other(
      [`The breaker of instance ${instance} is open: ${CONTINUE}, or load a page after thirty seconds.`],
      [{ do: "load" }],
    );
  if (state === undefined && present(scene).includes(instance))
    return other([`Instance ${instance} is leaving: once it has left, it can be started again.`], []);
  return { kind: "start", how: [], actions: [] };
}

const CONTINUE = "continue it with  fg  where you paused it";

/** Of an instance that the tour runs. It is continued in any case: it may have been paused by hand. */
function runningNeed(scene: Scene, instance: number, isOverdue: boolean): Need {
  const resume: TourAction = { do: "resume", instance };
  const restart: readonly TourAction[] = [{ do: "end", instances: [instance] }, ...started([instance])];
  if (!isHanging(scene, instance))
    return other([`No heartbeat of instance ${instance} has come.`], isOverdue ? restart : [resume]);
  return other(
    [`The breaker of instance ${instance} is open: a heartbeat closes it, or a page after thirty seconds.`],
    isOverdue ? restart : [resume, { do: "load" }],
  );
}

const other = (how: readonly string[], actions: readonly TourAction[]): Need => ({ kind: "other", how, actions });
const started = (instances: readonly number[]): readonly TourAction[] =>
  instances.length === 0 ? [] : [{ do: "start", instances }];

/** The same action once. */
const distinct = (actions: readonly TourAction[]): readonly TourAction[] =>
  actions.filter((action, index) => action.do !== "load" || actions.findIndex((one) => one.do === "load") === index);

function startCommands(instances: readonly number[]): readonly string[] {
  if (instances.length === 0) return [];
  const all = instances.join() === "1,2,3";
  const commands = all ? ["COUNT=3"] : instances.map((instance) => `INSTANCE=${instance}`);
  return [`In another terminal:  ${commands.map((value) => `make startRatings ${value}`).join("  and  ")}`];
}

/** No other instance takes calls. */
export const noneBesides =
  (...instances: readonly number[]): Condition =>
  (view) => {
    const { scene, owned } = view;
    const extra = present(scene).filter((instance) => !instances.includes(instance));
    if (extra.length === 0) return undefined;
    const own = extra.filter((instance) => owned.get(instance) === "running" || owned.get(instance) === "paused");
    const foreign = extra.filter((instance) => isForeign(view, instance));
    const where = foreign.length === 1 ? "it runs" : "they run";
    // A page finds out that a process is dead.
    const isUnnoticed = own.length + foreign.length < extra.length;
    return {
      what: `the end of ${instancesText(extra)}`,
      how: foreign.length === 0 ? [] : [`End ${instancesText(foreign)} with ^C where ${where}.`],
      actions: [
        ...(own.length === 0 ? [] : [{ do: "end", instances: own } as const]),
        ...(isUnnoticed ? [{ do: "load" } as const] : []),
      ],
    };
  };

/** Not two processes have its number: a fault of one would be hidden by the other. */
export const single =
  (instance: number): Condition =>
  ({ scene, owned }) => {
    if (livingOf(scene, instance) < 2) return undefined;
    const state = owned.get(instance);
    const isOwn = state === "running" || state === "paused";
    return {
      what: `the end of one of the two processes of instance ${instance}`,
      how: isOwn ? [] : ["End one of them with ^C where it runs."],
      actions: isOwn ? [{ do: "end", instances: [instance] }] : [],
    };
  };

/** The instance is paused, if the tour can know that. One that has just answered was continued by hand. */
export const paused =
  (instance: number): Condition =>
  ({ owned, seen }) =>
    owned.get(instance) === "running" || (owned.get(instance) === "paused" && seen?.calls.includes(instance))
      ? { what: `instance ${instance} to hang`, how: [], actions: [{ do: "pause", instance }] }
      : undefined;

/** The instance is killed, if the tour can know that. */
export const killed =
  (instance: number): Condition =>
  ({ owned }) => {
    const state = owned.get(instance);
    return state === "running" || state === "paused"
      ? { what: `the sudden end of instance ${instance}`, how: [], actions: [{ do: "kill", instance }] }
      : undefined;
  };
