// The chips beside the state of the ratings: one for each instance, with its state as on the board.

import type { InstanceStates } from "../../../monitor/instance-states.ts";
import { STATES } from "../../../monitor/states.ts";

export interface Chip {
  readonly instance: number;
  readonly glyph: string;
  readonly label: string;
  readonly tone: string;
  /** It rated a thing of this page. */
  readonly hasAnswered: boolean;
}

export interface Chips {
  readonly chips: readonly Chip[];
  /** Items of a list; empty: there are none. */
  readonly html: string;
  /** How many instances have no chip, for want of room. */
  readonly more: number;
}

/** Two lines of a wide page. */
const MAX_CHIPS = 12;

/**
 * A chip for each instance that is known, in the order of their numbers. Of very many those that answered and the worst
 * have one. An instance that left has one only on a page that it has rated.
 * @param answered the numbers of the instances that rated a thing of this page, each once
 */
export function chipsOf(answered: ReadonlySet<number>, { byNumber, worstFirst }: InstanceStates): Chips {
  const shown = new Set(answered);
  for (const instance of worstFirst) {
    if (shown.size >= MAX_CHIPS) break;
    shown.add(instance);
  }
  const chips: Chip[] = [];
  let present = 0;
  for (const instance of [...shown].sort((one, other) => one - other)) {
    const state = byNumber.get(instance);
    if (state === undefined) continue;
    const { glyph, label, tone } = STATES[state];
    chips.push({ instance, glyph, label, tone, hasAnswered: answered.has(instance) });
    if (state !== "left") present += 1;
  }
  return { chips, html: chips.map(chipHtml).join("\n"), more: worstFirst.length - present };
}

/** Numbers and texts of our own, so without escaping. A template took 25 us for twelve, half as much as for the others. */
const chipHtml = ({ instance, glyph, label, tone, hasAnswered }: Chip): string =>
  `<li class="chip tone-${tone}${hasAnswered ? " has-answered" : ""}">` +
  `<span aria-hidden="true">${glyph}</span> ${instance} ${label}</li>`;
