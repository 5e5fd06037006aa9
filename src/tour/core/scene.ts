// The instances and the pages, as the lines of the Market show them. Every claim of the tour is checked against this.

/** `silent`: no heartbeat in time. `dead`: the bus reported no subscriber at its address. */
export type Presence = "up" | "leaving" | "left" | "silent" | "dead";

/** One process of an instance. */
export interface IncarnationSeen {
  readonly instance: number;
  readonly address: string;
  readonly presence: Presence;
  readonly breaker: "closed" | "open";
  /** The reason of its CLOSE, since its last OPEN. */
  readonly closedBy: string | undefined;
}

/** The lines of one page. Pages that were loaded at the same time count as one: their lines cannot be separated. */
export interface PageSeen {
  /** 1, 2, 3, … */
  readonly number: number;
  /** Things that the page asked for. */
  readonly asked: readonly string[];
  /** Instances that its calls were sent to, in order. */
  readonly calls: readonly number[];
  readonly got: readonly string[];
  readonly bad: readonly FailedRating[];
  /** Instances whose breaker opened meanwhile. */
  readonly opened: readonly number[];
  /** Instances that were found to be dead meanwhile. */
  readonly dead: readonly number[];
  /** The longest WAITED. */
  readonly waitedMs: number;
}

export interface FailedRating {
  readonly thing: string;
  readonly why: string;
}

export interface Scene {
  readonly incarnations: readonly IncarnationSeen[];
  /** A page whose last line has not come yet. */
  readonly loading: PageSeen | undefined;
  /** The last page that has come. */
  readonly page: PageSeen | undefined;
  /** The number of pages that have begun. */
  readonly pages: number;
  /** Things whose rating has arrived at least once. */
  readonly rated: ReadonlySet<string>;
}

export const EMPTY_SCENE: Scene = {
  incarnations: [],
  loading: undefined,
  page: undefined,
  pages: 0,
  rated: new Set(),
};

/** @param line of the Market */
export function observe(scene: Scene, line: string): Scene {
  for (const [pattern, fold] of LINES) {
    const [, first = "", second = ""] = pattern.exec(line) ?? [];
    if (first !== "") return fold(scene, first, second);
  }
  return scene;
}

type Fold = (scene: Scene, first: string, second: string) => Scene;

const LINES: readonly (readonly [RegExp, Fold])[] = [
  [/^ASK for (\w+)/, onAsk],
  [/ratings using instance (\d+): /, (scene, instance) => onPage(scene, "calls", Number(instance))],
  [/^WAITED (\d+)ms/, onWaited],
  [/^GOT (\w+): /, onGot],
  [/^BAD (\w+): (.*)$/, (scene, thing, why) => shownIfWhole(onPage(scene, "bad", { thing, why }))],
  [/ratings instance \d+ joined: nats:(\S+)/, onJoined],
  [/ratings instance \d+ returned: nats:(\S+)/, (scene, address) => change(scene, address, { presence: "up" })],
  [/ratings instance \d+ is leaving: nats:(\S+)/, (scene, address) => change(scene, address, { presence: "leaving" })],
  [/ratings instance \d+ left: nats:(\S+)/, (scene, address) => change(scene, address, { presence: "left" })],
  [/ratings instance \d+ lost: nats:(\S+) \(no responders\)/, onDead],
  [/ratings instance \d+ lost: nats:(\S+) /, (scene, address) => change(scene, address, { presence: "silent" })],
  [/OPEN breaker on \[ratings at nats:(\S+)\]/, onOpened],
  [/CLOSE breaker on \[ratings at nats:(\S+)\] \((.*)\)/, onClosed],
];

const emptyPage = (number: number): PageSeen => ({
  ...{ number, asked: [], calls: [], got: [], bad: [], opened: [], dead: [] },
  waitedMs: 0,
});

function onAsk(scene: Scene, thing: string): Scene {
  const begun = scene.loading === undefined ? { ...scene, pages: scene.pages + 1 } : scene;
  const loading = scene.loading ?? emptyPage(begun.pages);
  return onPage({ ...begun, loading }, "asked", thing);
}

type PageLists = Pick<PageSeen, "asked" | "calls" | "got" | "bad" | "opened" | "dead">;

/** Adds to a list of the page that is loading. */
function onPage<K extends keyof PageLists>(scene: Scene, list: K, added: PageLists[K][number]): Scene {
  const { loading } = scene;
  return loading === undefined ? scene : { ...scene, loading: { ...loading, [list]: [...loading[list], added] } };
}

function onWaited(scene: Scene, ms: string): Scene {
  const { loading } = scene;
  if (loading === undefined) return scene;
  return { ...scene, loading: { ...loading, waitedMs: Math.max(loading.waitedMs, Number(ms)) } };
}

function onGot(scene: Scene, thing: string): Scene {
  return shownIfWhole(onPage({ ...scene, rated: new Set(scene.rated).add(thing) }, "got", thing));
}

/** The page has come once each thing that it asked for has an outcome. */
function shownIfWhole(scene: Scene): Scene {
  const { loading } = scene;
  if (loading === undefined || loading.got.length + loading.bad.length < loading.asked.length) return scene;
  return { ...scene, loading: undefined, page: loading };
}

/** Forgets processes of the same number that have ended. */
function onJoined(scene: Scene, address: string): Scene {
  const instance = instanceAt(address);
  const others = scene.incarnations.filter(
    (one) => one.address !== address && !(one.instance === instance && hasEnded(one)),
  );
  const joined = { instance, address, presence: "up", breaker: "closed", closedBy: undefined } as const;
  return { ...scene, incarnations: [...others, joined] };
}

function onDead(scene: Scene, address: string): Scene {
  return onPage(change(scene, address, { presence: "dead" }), "dead", instanceAt(address));
}

function onOpened(scene: Scene, address: string): Scene {
  return onPage(change(scene, address, { breaker: "open", closedBy: undefined }), "opened", instanceAt(address));
}

function onClosed(scene: Scene, address: string, closedBy: string): Scene {
  return change(scene, address, { breaker: "closed", closedBy });
}

function change(scene: Scene, address: string, changes: Partial<IncarnationSeen>): Scene {
  const incarnations = scene.incarnations.map((one) => (one.address === address ? { ...one, ...changes } : one));
  return { ...scene, incarnations };
}

/** @param address `ratings.get.2-AP7huB_5qrds` */
const instanceAt = (address: string): number => Number(/\.(\d+)-/.exec(address)?.[1] ?? 0);
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

/** The number of the instance that this line of the Market says has joined. */
export function joinedInstance(line: string): number | undefined {
  const [, instance] = /ratings instance (\d+) joined: /.exec(line) ?? [];
  return instance === undefined ? undefined : Number(instance);
}
