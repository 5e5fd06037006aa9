// A change to compiled code that survives a new compiler and a rename: code is matched token by token, so white space and
// comments mean nothing, and a word that begins with $ stands for any one name (the same name wherever it stands again).

export interface TokenPatch {
  /** The code that is replaced. It must occur exactly once in all searched files. */
  readonly from: string;
  /** The replacement. It may use the names that $ matched. */
  readonly to: string;
}

export interface Match {
  /** The piece of the text that matched, as offsets. */
  readonly start: number;
  readonly end: number;
  readonly names: ReadonlyMap<string, string>;
}

interface Token {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const SKIPPED = String.raw`\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/`;
const STRING = String.raw`"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'`;
/** One piece of text, with whatever is computed in it; a template within a template does not occur in our code. */
const TEMPLATE = "`(?:[^`\\\\]|\\\\.)*`";
/** A slash after these begins a pattern, and after any other token divides. */
const REGEXP = String.raw`(?<=(?:^|[=(,:;!&|?{}\[]|return)\s*)\/(?![*/])(?:[^\/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*`;
const NAME = String.raw`#?[\p{L}_$][\p{L}\p{N}_$]*`;
const NUMBER = String.raw`\d[\w.]*`;
const TOKEN = new RegExp(`(?:${SKIPPED})|(${REGEXP}|${TEMPLATE}|${STRING}|${NAME}|${NUMBER}|[^\\s])`, "gmu");
const IS_NAME = new RegExp(`^${NAME}$`, "u");
const IS_WILD = /^\$\w+$/;

export function tokens(text: string): readonly Token[] {
  return [...text.matchAll(TOKEN)].flatMap(({ 1: token, index }) =>
    token === undefined ? [] : [{ text: token, start: index, end: index + token.length }],
  );
}

/** Each place where the pattern stands. */
export function matches(pattern: string, text: string): readonly Match[] {
  const wanted = tokens(pattern);
  const given = tokens(text);
  return given.flatMap((first, place) => {
    const names = namesIn(wanted, given, place);
    const last = given[place + wanted.length - 1];
    return names === undefined || last === undefined ? [] : [{ start: first.start, end: last.end, names }];
  });
}

function namesIn(
  wanted: readonly Token[],
  given: readonly Token[],
  place: number,
): ReadonlyMap<string, string> | undefined {
  const names = new Map<string, string>();
  for (const [offset, { text }] of wanted.entries()) {
    const found = given[place + offset]?.text;
    if (found === undefined) return undefined;
    if (!IS_WILD.test(text)) {
      if (found !== text) return undefined;
      continue;
    }
    const known = names.get(text);
    if (!IS_NAME.test(found) || KEYWORDS.has(found) || (known !== undefined && known !== found)) return undefined;
    names.set(text, found);
  }
  return names;
}

/** The text with its one match replaced. */
export function replaced(text: string, { start, end, names }: Match, to: string): string {
  const put = to.replace(/\$\w+/g, (wild) => names.get(wild) ?? wild);
  return text.slice(0, start) + put + text.slice(end);
}

/** No rename reaches these. */
export const KEYWORDS: ReadonlySet<string> = new Set(
  (
    "async await break case catch class const continue default delete do else export extends false finally for from " +
    "function get if import in instanceof let new null of return set static super switch this throw true try typeof " +
    "undefined void while yield Math Map Set Array Object JSON Promise Number String Error Infinity NaN " +
    "min max add delete push filter map forEach replace values entries some every find at length slice " +
    "includes join split then catch"
  ).split(" "),
);
