// Arguments of `make bench` and `make scorecard`: how long, and which part.

const SECTIONS = ["calls", "pages", "parts"];
const ROUNDS = 7;
const FOR_MS = 1_000;
/** A trial run: its figures mean nothing, and are not kept. */
const QUICK = { rounds: 2, forMs: 300 };

/** Only a whole run at full length is kept. A partial one would leave older figures beside it. */
export function readScope({ ROUNDS: rounds = "", QUICK: quick = "", ONLY: only = "" }) {
  const defaults = quick === "" ? { rounds: ROUNDS, forMs: FOR_MS } : QUICK;
  if (!/^\d*$/.test(rounds) || rounds === "0") refuse(`ROUNDS=${rounds} is not a whole number from 1`);
  const sections = only === "" ? SECTIONS : only.split(/\s+/);
  for (const one of sections) if (!SECTIONS.includes(one)) refuse(`ONLY=${only} is not of ${SECTIONS.join(", ")}`);
  const scope = { ...defaults, ...(rounds === "" ? {} : { rounds: Number(rounds) }), sections };
  return { ...scope, kept: only === "" && quick === "" };
}

function refuse(why) {
  console.error(`bench: ${why}`);
  process.exit(2);
}
