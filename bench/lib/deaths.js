// An instance that dies with calls in its hands: one page of four calls after another, and a kill in the middle of each.

import { pause, until } from "./crew.js";
import { openStage } from "./stage.js";

const VICTIM = 2;
const CALLS_OF_A_PAGE = 4;
/** An answer takes so long, and the kill comes in the middle: each instance has two of the four calls then. */
const ANSWER_MS = 40;
const KILL_AFTER_MS = 15;
/** Before the first kill: the caller has learned how long an answer takes. */
const PAGES_BEFORE = 30;
const BETWEEN_MS = 20;
/** A page that was hit has ended by then, for every contestant. */
const SETTLE_MS = 1_500;
/** moleculer's breaker may keep a restarted instance out for longer: it is then missing from the next page. */
const RETURN_LIMIT_MS = 15_000;

/** @returns the pages that were hit, each with its duration and the calls that failed, and the breakers that were opened */
export async function sufferDeaths(contestant, tries) {
  const stage = await openStage(contestant);
  const page = () => stage.caller.send({ do: "page", calls: CALLS_OF_A_PAGE });
  const slowDown = (number) => stage.delay(number, ANSWER_MS);
  try {
    for (const number of [1, VICTIM]) await slowDown(number);
    for (let count = 0; count < PAGES_BEFORE; count++) await page();
    const pages = [];
    /** Restarted instances that had no call before the next kill: that page was not hit. */
    let missing = 0;
    for (let count = 0; count < tries; count++) {
      pages.push(await hit(stage, page));
      await stage.start(VICTIM);
      await slowDown(VICTIM);
      if (!(await isBack(page))) missing++;
    }
    return { contestant, pages, missing, opened: await stage.caller.send({ do: "opened" }) };
  } finally {
    await stage.end();
  }
}

async function hit(stage, page) {
  const loading = page();
  await pause(KILL_AFTER_MS);
  await stage.kill(VICTIM);
  const hitPage = await loading;
  await pause(Math.max(0, SETTLE_MS - hitPage.tookMs));
  return { tookMs: hitPage.tookMs, failed: hitPage.failed };
}

/** @returns whether the caller uses both again */
function isBack(page) {
  return until(
    "the restarted instance answers",
    async () => {
      const { by } = await page();
      await pause(BETWEEN_MS);
      return by.includes(VICTIM);
    },
    RETURN_LIMIT_MS,
  ).then(
    () => true,
    () => false,
  );
}

export function deathTable(results) {
  const rows = results.map(({ contestant, pages, missing = 0, opened = "–" }) => {
    const took = pages.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
    const failed = pages.reduce((sum, page) => sum + page.failed, 0);
    const [middle, longest] = [took[Math.floor(took.length / 2)], took.at(-1)];
    return `| ${contestant} | ${pages.length - missing} | ${failed} of ${pages.length * CALLS_OF_A_PAGE} | ${Math.round(middle)} ms | ${Math.round(longest)} ms | ${opened} |`;
  });
  const head =
    "| contestant | pages during which an instance was killed | calls that failed | median page | longest page | breakers opened |";
  return [head, "| --- | --- | --- | --- | --- | --- |", ...rows].join("\n");
}
