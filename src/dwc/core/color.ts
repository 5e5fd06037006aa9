// The four tones of a line and their ANSI colours. A tone only repeats what the words say, so nothing is lost without
// colours.

export type Tone = "good" | "warning" | "bad" | "faint";

/** Four of the 16 colours that every terminal has, in the shades that its theme defines. */
const CODES: Readonly<Record<Tone, number>> = { good: 32, warning: 33, bad: 31, faint: 2 };

export const colorize = (text: string, tone: Tone): string => `\u001b[${CODES[tone]}m${text}\u001b[0m`;
