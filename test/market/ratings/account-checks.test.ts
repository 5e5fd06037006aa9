// The checks of the server's account token: when a Market asks for it, which tokens it reads, and which servers it leaves alone.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  accountNewsSubject,
  accountTokenSubject,
  sharedAccountTokenSubject,
} from "../../../src/contracts/core/subjects.ts";
import { type AccountTown, withTown } from "./account-town.ts";

const test = suite("checks of an account token");
const towns = (name: string, act: (town: AccountTown) => Promise<void>): void => void test(name, () => withTown(act));

const publish = (town: AccountTown, subject: string, token: string): void => town.network.bus().publish(subject, token);
const news = (town: AccountTown, token: string): void => publish(town, accountNewsSubject, token);
const share = (town: AccountTown, token: string): void => publish(town, sharedAccountTokenSubject, token);

towns("on a bus without logins no token is asked for or read", async (town) => {
  const ben = town.join(1, { owns: true, started: true, hasLogins: false });
  news(town, "2");
  share(town, "2");
  await town.clock.advance(60_000);
  assert.equal([town.lookups, town.corrections, ben.learned, ben.ended, ben.token], [0, 0, 0, 0, 1]);
  assert.is(town.clock.timers, 0);
});

towns("one that has ended reads nothing, asks nothing and corrects nothing", async (town) => {
  town.network.delayMs = 50;
  const anna = town.join(2, { owns: true, started: true });
  await town.clock.advance(70);
  anna.stop(); // the answer to its first check is under way
  news(town, "3");
  share(town, "3");
  await town.clock.advance(60_000);
  assert.equal([town.lookups, town.corrections, anna.ended, anna.token], [1, 0, 0, 2]);
  assert.is(anna.learned, 1, "the answer");
  assert.is(town.clock.timers, 0);
});

towns("one that ends during a correction plans no further check", async (town) => {
  const anna = town.join(2, { owns: true });
  town.onCorrection = anna.stop;
  await town.clock.advance(60_000);
  assert.equal([town.lookups, town.corrections, town.clock.timers], [1, 1, 0]);
});

towns("without a connection there are no checks", async (town) => {
  town.join(2);
  await town.clock.advance(100);
  town.network.disconnect();
  await town.clock.advance(60_000);
  assert.equal([town.lookups, town.clock.timers], [1, 0]);
});

towns("a server is not ended after the connection to it is lost", async (town) => {
  town.isCorrectable = false;
  const anna = town.join(2, { owns: true, started: true });
  await town.clock.advance(100);
  town.onCorrection = () => town.network.disconnect();
  await town.clock.advance(60_000);
  assert.equal([town.corrections, anna.ended, anna.reports], [2, 0, []]);
});

towns("a Market that did not start the server never ends it", async (town) => {
  const ben = town.join(2);
  await town.clock.advance(60_000);
  assert.ok(town.shared.length > 0);
  assert.equal([ben.ended, ben.reports], [0, []]);
});

towns("what agrees is asked for again after 15 s, and what did not answer within two seconds", async (town) => {
  town.join(1);
  await town.clock.advance(14_900);
  assert.is(town.lookups, 1);
  await town.clock.advance(45_200);
  assert.is(town.lookups, 5);
  town.token = undefined;
  await town.clock.advance(15_000 + 1_000 + 600 + 1_000);
  assert.is(town.lookups, 7);
});

towns("the owner's Market asks every 15 s as well, once the server has its token", async (town) => {
  town.join(2, { owns: true });
  await town.clock.advance(2_000);
  const before = town.lookups;
  await town.clock.advance(60_000);
  assert.equal([town.lookups - before, town.corrections], [4, 1]);
});

towns("a member shares its token soon after a server that was silent is an older one", async (town) => {
  town.token = undefined;
  town.join(2);
  await town.clock.advance(1_100);
  town.token = 1;
  await town.clock.advance(2_000);
  assert.equal(town.shared, ["2"]);
});

towns("a Market that knows no token takes the server's, and asks again after 15 s", async (town) => {
  const cyd = town.join(undefined, { started: true });
  await town.clock.advance(14_900);
  assert.equal([town.lookups, cyd.token], [1, 1]);
  await town.clock.advance(200);
  assert.equal([town.lookups, cyd.ended, town.shared], [2, 0, []]);
});

towns("a Market that knows no token has nothing to share with a server that has none", async (town) => {
  town.server.disconnect();
  let asked = 0;
  const route = town.network.route.bind(town.network);
  town.network.route = (message, sender) => {
    if (message.subject === accountTokenSubject) asked += 1;
    route(message, sender);
  };
  const ben = town.join(undefined);
  await town.clock.advance(14_900);
  assert.equal([asked, town.shared, ben.learned], [1, [], 0]);
});

towns("news that is forged or older changes nothing about the server", async (town) => {
  const cyd = town.join(1, { started: true });
  town.folder = cyd;
  await town.clock.advance(100);
  news(town, "0");
  await town.clock.advance(60_000);
  news(town, "forged");
  await town.clock.advance(60_000);
  assert.equal([cyd.learned >= 2, cyd.token, cyd.ended, town.shared], [true, 1, 0, []]);
});

towns("after news of a change, a later one that the server did not get ends it", async (town) => {
  const cyd = town.join(1, { started: true });
  town.folder = cyd;
  await town.clock.advance(100);
  news(town, "2");
  await town.clock.advance(10);
  share(town, "3");
  await town.clock.advance(3_000);
  assert.equal([cyd.token, cyd.ended], [3, 1]);
});

towns("a change in the folder of its server, which that has not got, ends the server", async (town) => {
  const cyd = town.join(1, { started: true });
  town.folder = cyd;
  await town.clock.advance(1_000);
  cyd.token = 2; // by dwc, which did not reach the server
  await town.clock.advance(16_000);
  assert.equal([town.shared[0], cyd.ended], ["2", 1]);
});

towns("also a change that is made while the server's answer is under way", async (town) => {
  town.network.delayMs = 50;
  const cyd = town.join(1, { started: true });
  town.folder = cyd;
  await town.clock.advance(70);
  cyd.token = 2;
  await town.clock.advance(3_000);
  assert.equal([town.shared[0], cyd.ended], ["2", 1]);
});

towns("a token that the server itself got is the server's: it is not ended for it", async (town) => {
  const cyd = town.join(1, { started: true });
  await town.clock.advance(1_000);
  town.token = 2;
  await town.clock.advance(60_000);
  assert.equal([cyd.token, cyd.ended, town.shared], [2, 0, []]);
});

towns("a shared token is read at most every 100 ms", async (town) => {
  const ben = town.join(1);
  await town.clock.advance(1_000);
  const before = ben.learned;
  for (const _ of [1, 2, 3]) {
    share(town, "forged");
    await town.clock.advance(50);
  }
  assert.is(ben.learned - before, 2, "the first, and the one 100 ms later");
});

towns("a change that cannot be saved is reported, and the server is asked for it at once", async (town) => {
  const ben = town.join(1);
  await town.clock.advance(1_000);
  ben.unsaved = "ENOSPC: no space left on device";
  share(town, "2");
  await town.clock.advance(100);
  ben.unsaved = "no reason";
  share(town, "2");
  await town.clock.advance(100);
  const said = "a change of the org could not be saved in DWC_STATE:";
  assert.equal(ben.reports, [`${said} ENOSPC: no space left on device`, `${said} for no known reason`]);
  assert.is(town.lookups, 3);
});

test.run();
