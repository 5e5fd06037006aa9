// takes: 70 s
// Each page in a real browser, in both schemes, in every width and by keyboard.

import { browserSuite } from "../support/browser.ts";
import { judgeBoards, judgeJudges, judgeShops, judgeTable } from "./all-pages.ts";

const { test, inBrowser } = browserSuite("all that is shown, in every width and scheme");

judgeJudges(inBrowser);
judgeTable(inBrowser);
judgeBoards(inBrowser, { isThorough: true });
judgeShops(inBrowser);

test.run();
