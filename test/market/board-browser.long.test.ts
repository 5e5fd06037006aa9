// takes: 60 s
// Shop and board of a Market with instances, in each state: what axe finds in both schemes, and by keyboard.

import { browserSuite } from "../support/browser.ts";
import { openWatched, type Watched, watchStates } from "./board-states.ts";

const { test, inBrowser } = browserSuite("each state, as axe and the keyboard find it");
let watched: Watched;

test.before(async () => {
  watched = await openWatched();
});
test.after(() => watched.world.close());

watchStates(inBrowser, () => watched, { isThorough: true });

test.run();
