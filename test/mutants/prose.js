// The rule for words that a person reads: a mutant that empties a sentence is not tried. A test that pins prose makes every
// change of a sentence dear, and proves nothing else. Codes, names, subjects and headers hold no two plain words in a row,
// and are tried.

/** Two words of letters alone, one behind the other. */
const TWO_WORDS = /(?:^|\s)[A-Za-z']+[,.:;]? [A-Za-z']+(?:$|[\s,.:;])/;
/** Stands for a value inside a template. */
const VALUE = "value";
const PLAIN = new Set(["Identifier", "MemberExpression", "OptionalMemberExpression"]);

/** A template that decides something between its words is tried as a whole. */
export const prose = {
  shouldIgnore({ node }) {
    if (node.type === "StringLiteral") return TWO_WORDS.test(node.value) ? "prose" : undefined;
    if (node.type !== "TemplateLiteral" || !node.expressions.every(isPlain)) return undefined;
    return TWO_WORDS.test(node.quasis.map(({ value }) => value.cooked).join(VALUE)) ? "prose" : undefined;
  },
};

const isPlain = (node) =>
  PLAIN.has(node.type) || (node.type === "CallExpression" && node.arguments.every((one) => PLAIN.has(one.type)));
