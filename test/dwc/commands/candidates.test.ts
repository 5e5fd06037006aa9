// Completion: the candidates for the word that is being typed.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { complete, NAMES_TIMEOUT_MS } from "../../../src/dwc/cli/complete.ts";
import type { CommandContext } from "../../../src/dwc/cli/core/command.ts";
import { candidates, wantedOf } from "../../../src/dwc/commands/completion.ts";
import { COMMANDS } from "../../../src/dwc/commands/table.ts";
import type { DiscoveredInstance } from "../../../src/dwc/live/core/live-types.ts";
import { fakeClock } from "../../../src/testing/index.ts";

const test = suite("candidates of a completion");
const discovered = [1, 2].map(
  (instance): DiscoveredInstance => ({
    ...{ service: "ratings", instance, incarnation: `${instance}-a`, address: "a", state: "up" },
    ...{ version: "1", intervalMs: 1, operations: ["get"], counts: undefined },
  }),
);
const KNOWN = { discovered, services: ["prices", "orders", "ratings"] };
const words = (...typed: string[]): string =>
  candidates(typed, COMMANDS, KNOWN)
    .map(({ word }) => word)
    .join(" ");

test("commands, options, shells and live names stand where they can be typed", () => {
  assert.is(words("ch"), "check");
  assert.is(words("").split(" ").length, COMMANDS.length + 1);
  assert.is(words("help", "com"), "completion");
  assert.is(words("completion", ""), "bash zsh fish");
  assert.is(words("explain", "ratings/"), "ratings/1 ratings/2");
  assert.is(words("call", ""), "ratings");
  assert.is(words("call", "ratings", ""), "get");
  assert.is(words("call", "--timeout", "1s", "ratings", "get", "ca"), "camera");
  assert.is(words("call", "--timeout", ""), "");
  assert.is(words("call", "greetings", "get", ""), "", "the keys of greetings are not known here");
  assert.is(words("fault", "re"), "reset");
  assert.is(words("fault", ""), "reset ratings ratings/1 ratings/2");
  assert.is(words("fault", "ratings/2", "pause", "--f"), "--for");
  assert.is(words("fault", "--for", ""), "");
  assert.is(words("top", "-n", ""), "");
  assert.is(words("create-organization", "--"), "--json --state --help");
  assert.is(words("create-organization", ""), "");
  assert.is(words(), words(""));
  assert.is(words("help", "call", ""), "");
  assert.is(words("service-token", ""), "orders prices ratings");
  assert.is(words("revoke", "r"), "ratings");
  assert.is(words("ps", ""), "ratings");
  assert.is(words("fault", "reset", ""), "ratings ratings/1 ratings/2");
  assert.is(words("fault", "ratings/2", ""), "pause slow fail mute kill");
  assert.is(words("fault", "ratings/2", "slow", ""), "300ms");
  assert.is(words("fault", "ratings/2", "fail", ""), "30%");
  assert.is(words("fault", "ratings/2", "mute", ""), "");
  assert.is(words("events", "--o"), "--once");
  assert.is(words("explain", "ratings", ""), "");
  assert.is(words("unknown", ""), "");
});

test("each word has a meaning beside it, for shells that show one, and instances stand in their order", () => {
  const [two, one] = [discovered[1], discovered[0]] as [DiscoveredInstance, DiscoveredInstance];
  const reversed = { discovered: [two, one], services: [] };
  for (const typed of [
    [""],
    ["create-service", "--calls", ""],
    ["fault", ""],
    ["fault", "x", ""],
    ["call", "x", ""],
    ["completion", ""],
    ["top", "--"],
  ])
    for (const { word, meaning } of candidates(typed, COMMANDS, reversed)) assert.ok(meaning !== "", word);
  const found = candidates(["explain", "ratings/"], COMMANDS, reversed);
  assert.equal(
    found.map(({ word }) => word),
    ["ratings/1", "ratings/2"],
  );
});

test("of a list of services the last one is completed, and none is offered twice", () => {
  assert.is(words("create-service", "orders", "--"), "--calls --no-calls --json --state --help");
  assert.is(words("create-service", "orders", "--calls", ""), "orders prices ratings");
  assert.is(words("create-service", "orders", "--calls", "pri"), "prices");
  assert.is(words("create-service", "--calls", "prices,"), "prices,orders prices,ratings");
  assert.is(words("create-service", "--calls", "x,prices,r"), "x,prices,ratings");
  assert.is(words("create-service", "--no-calls", ""), "");
});

test("the operations of a call are those of its service, in their order", () => {
  const other = { ...(discovered[0] as DiscoveredInstance), service: "orders", operations: ["ship", "cancel", "get"] };
  const of = (service: string): readonly object[] =>
    candidates(["call", service, ""], COMMANDS, { discovered: [...discovered, other, other], services: [] });
  assert.equal(
    of("orders"),
    ["cancel", "get", "ship"].map((word) => ({ word, meaning: "operation" })),
  );
  assert.equal(of("ratings"), [{ word: "get", meaning: "operation" }]);
  assert.equal(of("prices"), []);
});

test("behind the last argument nothing stands, and the value of an option is no option", () => {
  assert.is(words("fault", "ratings/2", "slow", "300ms", ""), "");
  assert.is(words("completion", "bash", ""), "");
  assert.is(words("call", "ratings", "get", "camera", ""), "");
  assert.is(words("top", "-n", "-"), "");
  assert.is(words("top", "--count", "-"), "");
});

test("the system is asked only where a live name can stand", () => {
  assert.equal(
    [["ch"], ["check", ""], ["call", "x", ""], ["ps", ""], ["explain", ""]].map((typed) => wantedOf(typed, COMMANDS)),
    ["nothing", "nothing", "operations", "services", "instances"],
  );
  assert.equal(
    [
      ["create-service", "--calls", ""],
      ["revoke", ""],
      ["call", "--timeout", ""],
    ].map((typed) => wantedOf(typed, COMMANDS)),
    ["org-services", "org-services", "nothing"],
  );
});

test("names that do not come within the limit are left out", async () => {
  const clock = fakeClock();
  const live = { names: () => new Promise(() => undefined) };
  const context = () => ({ live }) as unknown as CommandContext;
  const completed = complete(["call", ""], COMMANDS, context, clock);
  assert.is(await clock.run(completed), "");
  assert.is(clock.now() <= NAMES_TIMEOUT_MS, true);
});

test.run();
