// The texts of the tour around its stops: headings, and the prompt that says what it waits for and what a key does.

import { actionText } from "./actions.ts";
import type { Wait } from "./conditions.ts";
import type { Stop } from "./stops.ts";
import { headingOf, LAST_NUMBER } from "./walk.ts";

const MS_PER_SECOND = 1_000;

export type SayKind = "heading" | "text" | "explained" | "learnt" | "note" | "waiting" | "keys" | "busy";

export interface Say {
  readonly kind: SayKind;
  readonly text: string;
}

export const said = (kind: SayKind, text: string): { readonly kind: "say"; readonly say: Say } => ({
  kind: "say",
  say: { kind, text },
});

/** "3, 4 of 15: Three instances". */
export function stopHeading({ step }: Stop): string {
  const { numbers, title } = step;
  return numbers.length === 0 ? headingOf(step) : `${numbers.join(", ")} of ${LAST_NUMBER}: ${title}`;
}

/** @param overdueMs the time without progress; 0: not yet long */
export function promptOf({ step }: Stop, wait: Wait, overdueMs: number): readonly ReturnType<typeof said>[] {
  const isPage = wait.what === "a page";
  const number = isPage ? step.numbers.at(-1) : step.numbers[0];
  const start = number === undefined ? "" : `${number}. `;
  const sentence =
    overdueMs === 0
      ? `Waiting for ${wait.what}.`
      : `Still waiting for ${wait.what}, after ${Math.round(overdueMs / MS_PER_SECOND)} s.`;
  const sentences = [`${start}${sentence}`, ...wait.how];
  return [said("waiting", sentences.join(" ")), said("keys", keysText(wait))];
}

function keysText({ actions }: Wait): string {
  const enter = actions.length === 0 ? [] : [`Enter ${actions.map(actionText).join(", ")}`];
  return [...enter, "s skips this step", "b goes back", "q leaves"].join(" · ");
}
