// A server with an older account token than a Market on it has. Tokens are numbers here, and the higher one is newer.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  accountNewsSubject,
  accountTokenSubject,
  sharedAccountTokenSubject,
} from "../../../src/contracts/core/subjects.ts";
import { type Comparison, decideSteps, NO_CHECKS, type Step } from "../../../src/market/ratings/core/account-steps.ts";
import { goldenOf } from "../../support/golden.ts";
import { type AccountTown, withTown } from "./account-town.ts";

const test = suite("account tokens of a bus that changes hands");
const golden = goldenOf(test, "market");

const towns = (name: string, act: (town: AccountTown) => Promise<void>): void => void test(name, () => withTown(act));

towns("the owner's Market corrects the server at once, and no member acts then", async (town) => {
  town.join(2, { owns: true });
  const ben = town.join(2);
  const cyd = town.join(1, { started: true });
  await town.clock.advance(100);
  assert.is(town.token, 2);
  await town.clock.advance(60_000);
  assert.equal([town.corrections, town.shared, ben.ended, cyd.ended], [1, [], 0, 0]);
});

towns("a check without an answer, and a correction that fails, are repeated within two seconds", async (town) => {
  [town.token, town.isCorrectable] = [undefined, false];
  town.join(2, { owns: true });
  await town.clock.advance(1_100); // the first check has ended without an answer
  assert.is(town.corrections, 1);
  town.token = 1;
  await town.clock.advance(600);
  assert.is(town.corrections, 2);
  town.isCorrectable = true;
  await town.clock.advance(1_100);
  assert.equal([town.corrections, town.token], [3, 2]);
  await town.clock.advance(60_000);
  assert.is(town.corrections, 3);
});

towns("a change of the owner's folder reaches a server that answers with the file in that folder", async (town) => {
  const anna = town.join(1, { owns: true, started: true });
  town.folder = anna;
  await town.clock.advance(1_000);
  anna.token = 2; // dwc was cut off before it had pushed that
  await town.clock.advance(16_000);
  assert.equal([town.token, town.corrections], [2, 2]);
});

towns("a change within a second after a correction is one to correct: the server is not ended for it", async (town) => {
  const anna = town.join(2, { owns: true, started: true });
  await town.clock.advance(100);
  anna.token = 3; // dwc writes the folder, and pushes then
  await town.clock.advance(500);
  assert.equal([town.token, town.corrections, town.shared, anna.ended], [3, 2, [], 0]);
  [anna.token, town.isCorrectable] = [4, false];
  await town.clock.advance(500);
  assert.equal([town.corrections, anna.ended], [3, 0], "nor at the first that fails");
  await town.clock.advance(500);
  assert.equal([town.corrections, anna.ended], [4, 1]);
});

towns("a token that is never taken is sent less and less often, and never less than every 15 s", async (town) => {
  town.isCorrectable = false;
  town.join(2, { owns: true });
  await town.clock.advance(15_000);
  assert.ok(town.corrections > 4 && town.corrections < 8, String(town.corrections));
  const before = town.corrections;
  await town.clock.advance(60_000);
  assert.is(town.corrections - before, 4);
});

towns("without the owner, the member that started the server has the newer token within a second", async (town) => {
  const cyd = town.join(1, { started: true });
  town.folder = cyd;
  await town.clock.advance(5_000);
  assert.equal([cyd.token, cyd.ended], [1, 0]);
  town.join(2);
  await town.clock.advance(700);
  assert.is(cyd.token, 2);
  await town.clock.advance(600);
  assert.is(cyd.ended, 1, "and ends that server, so that it starts the next one with it");
  golden(cyd.reports.join("\n"));
  await town.clock.advance(120_000);
  assert.is(cyd.ended, 1, "once for each token: where the next server is older again, that was no cure");
  assert.ok(town.shared.length < 14, "what ending does not mend is not sent often");
});

towns("no responder at all is a server whose org's token is of an earlier dwc, and so an older one", async (town) => {
  town.server.disconnect();
  town.join(2);
  await town.clock.advance(700);
  assert.equal(town.shared, ["2"]);
  town.join(2, { owns: true });
  await town.clock.advance(100);
  assert.is(town.corrections, 1);
});

towns("a token that arrives from a member during a check is not taken for the server's", async (town) => {
  const cyd = town.join(1, { started: true });
  town.folder = cyd;
  await town.clock.advance(14_990);
  town.network.delayMs = (subject) => (subject === accountTokenSubject ? 50 : 0);
  await town.clock.advance(20); // the check at 15 s is in progress
  town.network.bus().publish(sharedAccountTokenSubject, "2");
  await town.clock.advance(1_500);
  assert.equal([cyd.token, cyd.ended], [2, 1]);
});

towns("nor during the first check", async (town) => {
  town.network.delayMs = (subject) => (subject === accountTokenSubject ? 50 : 0);
  const cyd = town.join(1, { started: true });
  town.folder = cyd;
  await town.clock.advance(10);
  town.network.bus().publish(sharedAccountTokenSubject, "2");
  await town.clock.advance(1_500);
  assert.equal([cyd.token, cyd.ended], [2, 1]);
});

towns("the owner asks a server what it obeys at each connection, whatever lies in its folder", async (town) => {
  town.folder = town.join(2, { owns: true });
  await town.clock.advance(100);
  town.network.disconnect();
  town.token = 1;
  town.network.reconnect();
  await town.clock.advance(100);
  assert.equal([town.corrections, town.token], [2, 2]);
});

towns("after a new connection the check is immediate, however far the next one was", async (town) => {
  town.token = 2;
  town.join(2, { owns: true });
  await town.clock.advance(1_000);
  town.network.disconnect();
  town.token = 1;
  await town.clock.advance(3_000);
  assert.is(town.corrections, 1);
  town.network.reconnect();
  await town.clock.advance(100);
  assert.equal([town.corrections, town.token], [2, 2]);
});

towns("a token that the owner's folder sends is about to be the server's, which is not ended for it", async (town) => {
  const cyd = town.join(1, { started: true });
  town.folder = cyd;
  await town.clock.advance(1_000);
  town.network.bus().publish(accountNewsSubject, "2");
  town.network.bus().publish(sharedAccountTokenSubject, "2");
  await town.clock.advance(60_000);
  assert.equal([cyd.token, cyd.ended], [2, 0]);
});

towns("a token that no server takes is sent less and less often", async (town) => {
  town.join(2);
  await town.clock.advance(15_000);
  assert.is(town.shared.length, 4);
  await town.clock.advance(60_000);
  assert.is(town.shared.length, 8);
});

towns("a flood of forged tokens from a member is read ten times a second", async (town) => {
  const cyd = town.join(1, { started: true });
  await town.clock.advance(100);
  const before = cyd.learned;
  const mallory = town.network.bus();
  for (let sent = 0; sent < 1_000; sent += 1) {
    mallory.publish(sharedAccountTokenSubject, "forged");
    await town.clock.advance(1);
  }
  assert.ok(cyd.learned - before <= 11, String(cyd.learned - before));
  mallory.publish(accountNewsSubject, "forged");
  await town.clock.advance(100);
  assert.equal([cyd.token, cyd.ended], [1, 0]);
});

test("who acts, and when", () => {
  const run = (comparisons: readonly Comparison[], isOwner: boolean, runsServer: boolean): (readonly Step[])[] => {
    let history = NO_CHECKS;
    return comparisons.map((compared) => {
      const decision = decideSteps(history, compared, { isOwner, runsServer });
      history = decision.history;
      return decision.steps;
    });
  };
  const older: Comparison = "older";
  assert.equal(run([older, older, "agrees", older], false, false), [[], ["share"], [], []]);
  assert.equal(run([older, older], false, true), [[], ["share", "end server"]]);
  assert.equal(run([older, older], true, false), [["correct"], ["correct", "share"]]);
  assert.equal(run([older, older], true, true), [["correct"], ["correct", "share", "end server"]]);
  assert.equal(run(["silent", "silent", older], true, true), [[], [], ["correct"]]);
  assert.equal(run([older, "silent", older], false, true), [[], [], ["share", "end server"]]);
});

test.run();
