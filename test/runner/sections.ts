// The output of a shared process, cut into one section for each file.

/** A character that no test prints: ASCII's record separator. */
const MARK = "\x1e";

export interface Section {
  readonly file: string;
  readonly output: string;
  /** Missing when the process ended before the file did. */
  readonly end: { readonly code: number; readonly tookMs: number } | undefined;
}

export const beginLine = (file: string): string => `\n${MARK}begin ${JSON.stringify({ file })}\n`;
export const endLine = (file: string, code: number, tookMs: number): string =>
  `\n${MARK}end ${JSON.stringify({ file, code, tookMs })}\n`;

/** The sections in order; a file that was not begun has none. */
export function sections(output: string): readonly Section[] {
  return output
    .split(`\n${MARK}begin `)
    .slice(1)
    .map((text) => {
      const [begin = "", ...rest] = text.split("\n");
      const [body = "", end] = rest.join("\n").split(`\n${MARK}end `);
      return {
        file: JSON.parse(begin).file,
        output: body,
        end: end === undefined ? undefined : JSON.parse(end.split("\n")[0] ?? ""),
      };
    });
}
