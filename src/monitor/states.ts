// The states of an instance, one row each, the worst first. Board, terminal, metrics, docs/observing.md and the
// comparison of Markets are derived from this table.

import type { Breaker } from "../health/breaker.ts";
import { isLate, type Member, type Membership } from "../health/member.ts";
import { isWarned } from "../health/warnings.ts";
import type { EventName } from "./events.ts";

interface StateRow {
  /** The name of the state on the board. A glyph precedes it, so that the state does not depend on colour. */
  readonly label: string;
  readonly glyph: string;
  /** The same in a terminal: its word, and a glyph that every font of a terminal has. */
  readonly word: string;
  readonly terminalGlyph: string;
  /** The event that begins the state. It has the colour of the state. */
  readonly event?: EventName;
  /** The colour on the board and in the terminal. */
  readonly tone: "bad" | "warning" | "good" | "faint";
  /** The state needs attention. An instance that leaves in order does not. */
  readonly isTrouble: boolean;
  /** What a Market does with the instance. Markets disagree where these differ. */
  readonly treatment: "calls" | "skips" | "counts as absent";
  /**
   * The membership and the breaker (undefined: any) of the state: the label values of `dwc_instances` and
   * `dwc_breaker_state`.
   */
  readonly membership: Membership["kind"];
  readonly breaker: Breaker["kind"] | undefined;
  readonly meaning: string;
}

export const STATES = {
  open: {
    label: "Breaker open",
    glyph: "✕",
    word: "open",
    terminalGlyph: "×",
    event: "breaker.opened",
    tone: "bad",
    isTrouble: true,
    treatment: "skips",
    membership: "up",
    breaker: "open",
    meaning: "a call to it timed out; it gets no calls",
  },
  retesting: {
    label: "Retesting",
    glyph: "↻",
    word: "retesting",
    terminalGlyph: "↔",
    event: "breaker.retesting",
    tone: "warning",
    isTrouble: true,
    treatment: "skips",
    membership: "up",
    breaker: "retesting",
    meaning: "a copy of a call was sent to it as a retest; it gets no calls",
  },
  lost: {
    label: "Lost",
    glyph: "?",
    word: "lost",
    terminalGlyph: "?",
    event: "instance.lost",
    tone: "bad",
    isTrouble: true,
    treatment: "counts as absent",
    membership: "gone",
    breaker: undefined,
    meaning: "its heartbeats ended, or NATS has no subscriber for it, and it did not say goodbye",
  },
  late: {
    label: "Late",
    glyph: "◷",
    word: "late",
    terminalGlyph: "~",
    event: "instance.late",
    tone: "warning",
    isTrouble: true,
    treatment: "calls",
    membership: "up",
    breaker: "closed",
    meaning:
      "it owes an answer for too long, here or to a caller that warns of it; it gets no new calls while another instance is not late",
  },
  failing: {
    label: "Failing",
    glyph: "▲",
    word: "failing",
    terminalGlyph: "▲",
    tone: "bad",
    isTrouble: true,
    treatment: "calls",
    membership: "up",
    breaker: "closed",
    meaning: "it gets calls, and answers more than a tenth of at least ten in a minute with errors of its own",
  },
  probation: {
    label: "On probation",
    glyph: "!",
    word: "probation",
    terminalGlyph: "!",
    tone: "warning",
    isTrouble: true,
    treatment: "calls",
    membership: "up",
    breaker: "probation",
    meaning: "it gets calls; the next failure opens its breaker for twice as long",
  },
  draining: {
    label: "Leaving",
    glyph: "→",
    word: "leaving",
    terminalGlyph: "→",
    event: "instance.draining",
    tone: "warning",
    isTrouble: false,
    treatment: "counts as absent",
    membership: "draining",
    breaker: undefined,
    meaning: "it finishes its running calls and gets no new ones",
  },
  healthy: {
    label: "Healthy",
    glyph: "✓",
    word: "healthy",
    terminalGlyph: "√",
    tone: "good",
    isTrouble: false,
    treatment: "calls",
    membership: "up",
    breaker: "closed",
    meaning: "it gets calls in turn and answers them",
  },
  left: {
    label: "Left",
    glyph: "–",
    word: "left",
    terminalGlyph: "–",
    event: "instance.left",
    tone: "faint",
    isTrouble: false,
    treatment: "counts as absent",
    membership: "gone",
    breaker: undefined,
    meaning: "it said goodbye and ended",
  },
} as const satisfies Readonly<Record<string, StateRow>>;

export type InstanceState = keyof typeof STATES;

/** The worst first: the order of the board. */
export const STATE_NAMES = Object.keys(STATES) as readonly InstanceState[];

/** The states that membership and breaker have: those that Markets report to each other. */
export type HealthState = Exclude<InstanceState, "failing" | "late">;

const isHealthState = (state: InstanceState): state is HealthState => state !== "failing" && state !== "late";

/** The worst first, as on the board. */
export const HEALTH_STATES: readonly HealthState[] = STATE_NAMES.filter(isHealthState);

/** The state that is shown. */
export function shownStateOf(member: Member, isFailing: boolean): InstanceState {
  const state = stateOf(member);
  if (state !== "healthy") return state;
  if (isLate(member) || isWarned(member)) return "late";
  return isFailing ? "failing" : state;
}

/** A breaker in a state without a row is a compile error here. */
export function stateOf({ membership, breaker }: Member): HealthState {
  switch (membership.kind) {
    case "gone":
      return membership.reason === "left" ? "left" : "lost";
    case "draining":
      return "draining";
    case "up":
      return breaker.kind === "closed" ? "healthy" : breaker.kind;
  }
}

type EventTone = Exclude<StateRow["tone"], "good">;

const EVENT_TONES = new Map<string, StateRow["tone"]>(
  Object.values<StateRow>(STATES).flatMap(({ event, tone }) => (event === undefined ? [] : [[event, tone] as const])),
);

/** The colour of an event: of a change to the worse that of the state, of another warning amber. Undefined: none. */
export function toneOfEvent({ name, level }: { readonly name: string; readonly level: string }): EventTone | undefined {
  if (level !== "WARNING" && level !== "ERROR") return undefined;
  return EVENT_TONES.get(name) === "bad" ? "bad" : "warning";
}

const RANKS = new Map(STATE_NAMES.map((state, rank) => [state, rank]));
const rankOf = (state: InstanceState): number => RANKS.get(state) ?? STATE_NAMES.length;

/** By state, then in the order of turns. @param isFailing whether the calls of a member fail */
export function worstFirst(members: Iterable<Member>, isFailing: (member: Member) => boolean): readonly Member[] {
  const ranked = [...members].map((member) => ({ member, rank: rankOf(shownStateOf(member, isFailing(member))) }));
  ranked.sort((a, b) => a.rank - b.rank || a.member.who.instance - b.member.who.instance);
  return ranked.map(({ member }) => member);
}
