// Four tones and their colours. A tone only ever repeats what the words say: for who sees no colours nothing is lost.

export type Tone = "good" | "warning" | "bad" | "faint";

/** Of the sixteen that every terminal has, in the shades that its owner chose. */
const CODES: Readonly<Record<Tone, number>> = { good: 32, warning: 33, bad: 31, faint: 2 };

export const colorize = (text: string, tone: Tone): string => `\u001b[${CODES[tone]}m${text}\u001b[0m`;
