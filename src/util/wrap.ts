// Text broken into lines between words, for a terminal.

/**
 * Breaks no command: two blanks stand before and behind one. A text that begins with blanks is a command. A word that is
 * longer than the width keeps a line of its own.
 */
export function wrap(text: string, width: number): readonly string[] {
  if (text.startsWith(" ")) return [text];
  const words = text.split("  ").flatMap((part, index) => (index % 2 === 1 ? [`  ${part}  `] : part.split(" ")));
  const lines: string[] = [];
  let line = "";
  for (const word of words) {
    const joined = line === "" || line.endsWith(" ") || word.startsWith(" ") ? `${line}${word}` : `${line} ${word}`;
    if (line !== "" && joined.trimEnd().length > width) {
      lines.push(line.trimEnd());
      line = word.trimStart();
    } else line = joined;
  }
  return [...lines, line.trimEnd()];
}

/** The same, with the lines after the first behind so many blanks. */
export function wrapHanging(text: string, width: number, indent: number): readonly string[] {
  const [first = "", ...others] = wrap(text, width - indent);
  return [first, ...others.map((line) => " ".repeat(indent) + line)];
}

/** A command, and behind it or below it what it does. */
export interface CommandRow {
  readonly command: string;
  readonly does: string;
}

const MARGIN = 2;
const GAP = 4;
/** With less room beside the commands, what they do stands below them. */
const MIN_TEXT_WIDTH = 30;

/** Commands in one column, so that each can be copied, and what they do in another. */
export function commandLines(rows: readonly CommandRow[], width: number): readonly string[] {
  const column = MARGIN + Math.max(...rows.map(({ command }) => command.length)) + GAP;
  const isBeside = width - column >= MIN_TEXT_WIDTH;
  return rows.flatMap(({ command, does }) => {
    const typed = " ".repeat(MARGIN) + command;
    if (isBeside) {
      const [first = "", ...others] = wrap(does, width - column);
      return [typed.padEnd(column) + first, ...others.map((line) => " ".repeat(column) + line)];
    }
    const indent = MARGIN + GAP;
    return [typed, ...wrap(does, width - indent).map((line) => " ".repeat(indent) + line)];
  });
}
