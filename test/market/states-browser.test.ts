// takes: 12 s
// Board and shop in a real browser: one state of each in both schemes, every width and by keyboard.

import { browserSuite } from "../support/browser.ts";
import { judgeBoards, judgeShop } from "./all-pages.ts";

const { test, inBrowser } = browserSuite("all that is shown");

judgeBoards(inBrowser, { isThorough: false });
judgeShop(inBrowser);

test.run();
