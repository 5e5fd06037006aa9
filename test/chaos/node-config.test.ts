import { suite } from "uvu";
import * as assert from "uvu/assert";
import { blocksOf, readPage, sectionOf } from "../support/readme.ts";
import { hostsOf } from "./names.ts";
import { natsUrls, nodeConfig } from "./node-config.ts";

const test = suite("the configuration of a node");

const section = sectionOf(readPage("docs/operating.md"), "On a cluster");
const [first] = hostsOf("node");

test("README shows the one that chaos runs", () => {
  assert.ok(first !== undefined);
  if (first === undefined) return;
  const [shown] = blocksOf(section).filter(({ language }) => language === "conf");
  assert.is(shown?.text.trimEnd(), nodeConfig(first).trimEnd());
});

test("README's NATS_URL lists the nodes of the chaos cluster", () => {
  assert.ok(section.includes(`export NATS_URL=${natsUrls()}\n`));
});

test.run();
