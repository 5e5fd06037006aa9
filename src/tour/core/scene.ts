// The instances and the pages, as the Market reports them. Every claim of the tour is checked against this.

import type { Activity, PageReport, StateEvent } from "../../activity/core/activity.ts";
import type { InstanceRef } from "../../connect/index.ts";

/** `silent`: no heartbeat in time. `dead`: the bus reported no subscriber at its address. */
export type Presence = "up" | "leaving" | "left" | "silent" | "dead";

/** One process of an instance. */
export interface IncarnationSeen {
  readonly instance: number;
  readonly incarnation: string;
  readonly presence: Presence;
  readonly breaker: "closed" | "open";
  /** The reason of its CLOSE, since its last OPEN. */
  readonly closedBy: string | undefined;
}

/** One page. */
export interface PageSeen {
  /** 1, 2, 3, … */
  readonly number: number;
  /** Things that the page asked for. */
  readonly asked: readonly string[];
  /** Instances that its calls were sent to, in order. */
  readonly calls: readonly number[];
  readonly got: readonly string[];
  readonly bad: readonly FailedRating[];
  /** Instances whose breaker its calls have opened. */
  readonly opened: readonly number[];
  /** Instances that its calls have found to be dead. */
  readonly dead: readonly number[];
  readonly waitedMs: number;
}

export interface FailedRating {
  readonly thing: string;
  readonly why: string;
}

export interface Scene {
  readonly incarnations: readonly IncarnationSeen[];
  /** Numbers of the pages that have begun and not come. */
  readonly loading: readonly number[];
  /** The last page that has come. */
  readonly page: PageSeen | undefined;
  /** The number of the last page that has begun. */
  readonly pages: number;
  /** Things whose rating has arrived at least once. */
  readonly rated: ReadonlySet<string>;
}

export const EMPTY_SCENE: Scene = {
  incarnations: [],
  loading: [],
  page: undefined,
  pages: 0,
  rated: new Set(),
};

/** @param activity of the Market. Pages of shoppers are none of the person's */
export function observe(scene: Scene, activity: Activity): Scene {
  switch (activity.kind) {
    case "page begun": {
      const { number } = activity;
      return { ...scene, pages: Math.max(scene.pages, number), loading: [...scene.loading, number] };
    }
    case "page":
      return onPage(scene, activity.page);
    case "state":
      return onState(scene, activity.event);
    default:
      return scene;
  }
}

function onPage(scene: Scene, page: PageReport): Scene {
  const got = page.things.flatMap(({ thing, why }) => (why === undefined ? [thing] : []));
  const rated = new Set([...scene.rated, ...got]);
  if (page.visitor !== "person") return { ...scene, rated };
  const { number, calls, opened, dead } = page;
  const bad = page.things.flatMap(({ thing, why }) => (why === undefined ? [] : [{ thing, why }]));
  const asked = page.things.map(({ thing }) => thing);
  const waitedMs = Math.round(page.waitedMs);
  return {
    ...scene,
    rated,
    loading: scene.loading.filter((one) => one !== number),
    page: { ...{ number, asked, calls, got, bad, waitedMs }, opened, dead },
  };
}

function onState(scene: Scene, event: StateEvent): Scene {
  switch (event.kind) {
    case "joined":
      return onJoined(scene, event.who);
    case "returned":
      return change(scene, event.who, { presence: "up" });
    case "draining":
      return change(scene, event.who, { presence: "leaving" });
    case "left":
      return change(scene, event.who, { presence: "left" });
    case "lost":
      return change(scene, event.who, { presence: event.why === "no responders" ? "dead" : "silent" });
    case "opened":
      return change(scene, event.who, { breaker: "open", closedBy: undefined });
    case "closed":
      return change(scene, event.who, { breaker: "closed", closedBy: event.why });
    default:
      return scene;
  }
}

/** Forgets processes of the same number that have ended. */
function onJoined(scene: Scene, { instance, incarnation }: InstanceRef): Scene {
  const others = scene.incarnations.filter(
    (one) => one.incarnation !== incarnation && !(one.instance === instance && hasEnded(one)),
  );
  const joined = { instance, incarnation, presence: "up", breaker: "closed", closedBy: undefined } as const;
  return { ...scene, incarnations: [...others, joined] };
}

function change(scene: Scene, { incarnation }: InstanceRef, changes: Partial<IncarnationSeen>): Scene {
  const incarnations = scene.incarnations.map((one) =>
    one.incarnation === incarnation ? { ...one, ...changes } : one,
  );
  return { ...scene, incarnations };
}

const hasEnded = ({ presence }: IncarnationSeen): boolean => presence === "left" || presence === "dead";

// What the scene says of an instance. Two processes may have its number.

const incarnationsOf = ({ incarnations }: Scene, instance: number): readonly IncarnationSeen[] =>
  incarnations.filter((one) => one.instance === instance);

/** It takes calls, as far as the Market knows. */
export const isWorking = (scene: Scene, instance: number): boolean =>
  incarnationsOf(scene, instance).some(({ presence, breaker }) => presence === "up" && breaker === "closed");

/** It has an open breaker, and has not ended. */
export const isHanging = (scene: Scene, instance: number): boolean =>
  !isWorking(scene, instance) &&
  incarnationsOf(scene, instance).some((one) => one.breaker === "open" && !hasEnded(one));

/** Its heartbeats have not come in time. */
export const isSilent = (scene: Scene, instance: number): boolean =>
  incarnationsOf(scene, instance).some(({ presence }) => presence === "silent") && !present(scene).includes(instance);

/** The number of its processes that send heartbeats. */
export const livingOf = (scene: Scene, instance: number): number =>
  incarnationsOf(scene, instance).filter(({ presence }) => presence === "up").length;

/** It has ended without a goodbye. */
export const isDead = (scene: Scene, instance: number): boolean =>
  incarnationsOf(scene, instance).length > 0 &&
  incarnationsOf(scene, instance).every(({ presence }) => presence === "dead");

/** Why its breaker closed after its last OPEN. */
export const closedBy = (scene: Scene, instance: number): string | undefined =>
  incarnationsOf(scene, instance).find((one) => one.closedBy !== undefined)?.closedBy;

/** Numbers of the instances that the Market may call, or that are about to leave. */
export function present({ incarnations }: Scene): readonly number[] {
  const numbers = incarnations.filter(({ presence }) => presence === "up" || presence === "leaving");
  return [...new Set(numbers.map(({ instance }) => instance))].sort((a, b) => a - b);
}
