// takes: 20 s
// Each page in a real browser: one of each kind in both schemes, every width and by keyboard, the others on a phone.

import { browserSuite } from "../support/browser.ts";
import { judgeBoards, judgeShops } from "./all-pages.ts";

const { test, inBrowser } = browserSuite("all that is shown");

judgeBoards(inBrowser, { isThorough: false });
judgeShops(inBrowser, { isThorough: false });

test.run();
