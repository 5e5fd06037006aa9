// A line of the digest as a terminal shows it: time, subject and text in columns, broken between words.

import { styleText } from "node:util";
import { wrap } from "../../util/wrap.ts";
import type { DigestLine } from "./digest.ts";
import type { Tone } from "./state-text.ts";

export interface Look {
  readonly colour: boolean;
  /** Infinity: no terminal, and nothing is broken. */
  readonly columns: number;
  /** @param at epoch ms */
  readonly timeOfDay: (at: number) => string;
}

const STYLES = { good: "green", warning: "yellow", bad: "red", faint: "dim" } as const satisfies Record<Tone, string>;
const TIME_WIDTH = "14:03:22 ".length;
const SUBJECT_WIDTH = "instance 2  ".length;
/** On a narrower terminal the text begins below its subject. */
const MIN_TEXT_WIDTH = 24;
const NARROW_INDENT = 2;

export function shownLines({ at, subject, text, tone }: DigestLine, look: Look): readonly string[] {
  const { columns, timeOfDay } = look;
  const time = `${styledText("faint", timeOfDay(at), look)} `;
  const styled = (part: string): string => styledText(tone, part, look);
  const column = Math.max(SUBJECT_WIDTH, subject.length + 2);
  if (columns - TIME_WIDTH - column < MIN_TEXT_WIDTH) {
    const below = wrap(text, columns - NARROW_INDENT).map((line) => " ".repeat(NARROW_INDENT) + styled(line));
    return [time + styled(subject), ...below];
  }
  const indent = TIME_WIDTH + column;
  const [first = "", ...others] = wrap(text, columns - indent);
  const below = others.map((line) => " ".repeat(indent) + styled(line));
  return [time + styled(subject.padEnd(column) + first), ...below];
}

export const styledText = (tone: Tone | undefined, text: string, { colour }: Pick<Look, "colour">): string =>
  colour && tone !== undefined ? styleText(STYLES[tone], text, { validateStream: false }) : text;
