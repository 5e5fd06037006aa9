// The place of a mutant in a text, by lines and columns from 0.

/** The text before the mutant, the code that it replaces, and the text behind it. */
export function cut(text, { start, end }) {
  const lines = text.split("\n");
  const offset = ({ line, column }) => lines.slice(0, line).reduce((sum, one) => sum + one.length + 1, 0) + column;
  const [from, to] = [offset(start), offset(end)];
  return { before: text.slice(0, from), from: text.slice(from, to), after: text.slice(to) };
}

export function squeezed(text) {
  return text.replace(/\s+/g, " ");
}
