// shares: house
// The values that the Makefile hands on to the programs: as they were typed, with any character. node and bin/prepare
// are fakes that report how they were called.

import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type FreshClone, makeFreshClone } from "../support/fresh-clone.ts";

const test = suite("the Makefile");
let box: FreshClone;

test.before.each(() => {
  box = makeFreshClone(["Makefile", "bin/dwc"]);
  box.write("bin/prepare", 'for need; do echo "need <$need>"; done; exit $PREPARED\n');
  box.tool("node", `printf '<%s>' "$@"; echo " PORT=$PORT MARKET_KEYS=$MARKET_KEYS"`);
});
test.after.each(() => rmSync(join(box.folder, ".."), { recursive: true, force: true }));

const make = async (...args: string[]): Promise<string> => (await box.run("make", args)).said;
const programs = (said: string): string =>
  said.replace("<--enable-source-maps><--import><./dist/bin/early-hang-up.js>", "").split(" PORT=")[0] ?? "";

test("each target starts its program, with the bus where one is needed", async () => {
  box.write("bin/prepare-packages", 'echo "packages of $1"');
  const tests = "need <nats-server>\nneed <browser>\nneed <nginx>\n<dist/test/run.js>";
  const longTests = tests.replace("<dist", "packages of test/package\npackages of package/api\n<dist");
  const bench = "need <nats-server>\npackages of bench\n";
  for (const [typed, started] of [
    [[], "<dist/bin/market.js><--monolith>"],
    [["monolith"], "<dist/bin/market.js><--monolith>"],
    [["market"], "need <bus>\n<dist/bin/market.js>"],
    [["add-ratings"], "need <bus>\n<dist/bin/market.js>"],
    [["shoppers"], "<dist/bin/shoppers.js><--rate=>"],
    [["shoppers", "RATE=5"], "<dist/bin/shoppers.js><--rate=5>"],
    [["demo"], "need <bus>\n<dist/bin/demo.js>"],
    [["demo", "RATE=20", "VERBOSE=1"], "need <bus>\n<dist/bin/demo.js><--rate=20><--verbose>"],
    [["test"], `${tests}<--long=><--times=><--busy=>`],
    [["test", "ONLY=cart market/page"], `${tests}<--long=><--times=><--busy=><cart><market/page>`],
    [["test", "LONG=1", "TIMES=20", "BUSY=1", "ONLY=pause"], `${longTests}<--long=1><--times=20><--busy=1><pause>`],
    [["package"], "<dist/bin/package.js>"],
    [["api"], "packages of package/api\n<package/api/write-api.js>"],
    [["replay", "FILE=a record"], "<dist/bin/replay.js><a record>"],
    [["replay"], "<dist/bin/replay.js><>"],
    [["soak", "MINUTES=2"], "need <nats-server>\n<dist/test/soak/soak.js><2><>"],
    [["screenshots"], "need <nats-server>\nneed <browser>\n<dist/test/screenshots/screenshots.js><>"],
    [["board-cost", "ROUNDS=3"], "need <nats-server>\n<dist/test/board-cost/board-cost.js><3>"],
    [["fuzz"], "<dist/test/fuzz/fuzz.js><><>"],
    [["fuzz", "INPUTS=9", "SEED=7"], "<dist/test/fuzz/fuzz.js><9><7>"],
    [["walkthrough"], "need <nats-server>\n<dist/test/walkthrough/walkthrough.js>"],
    [["bench"], `${bench}<bench/bench.js>`],
    [["scorecard"], `${bench}<bench/scorecard.js>`],
    [["scale"], `${bench}<bench/scale.js>`],
    [["mutants", "FOLDER=health", "UPDATE=1"], "packages of test/mutants\n<test/mutants/mutants.js><health><1>"],
    [
      ["mutants", "SIM=80", "SEED=7", "DAYS=500"],
      "packages of test/mutants\n<test/mutants/sim-mutants.js><80><7><500><><>",
    ],
  ] as const)
    assert.is(programs(await make(...typed)), started, typed.join(" "));
  assert.match(await make("tracing"), /^packages of tracing\nprepare: tracing is ready/);
  assert.match(
    await make("datawire-connect"),
    /bin\/dwc is ready\. Optional here: an org\.[\s\S]*without one the bus is open[\s\S]*bin\/dwc create-org ".*" \S+ \S+\n +bin\/dwc create-service ratings\n[\s\S]*make add-ratings/,
  );
});

test("COUNT wins over INSTANCE, and with neither the program decides", async () => {
  const ratings = async (...values: string[]): Promise<string> => programs(await make("startRatings", ...values));
  assert.is(await ratings(), "<dist/bin/ratings.js>");
  assert.is(await ratings("COUNT=3"), "<dist/bin/ratings.js><--count=3>");
  assert.is(await ratings("INSTANCE=2"), "<dist/bin/ratings.js><--instance=2>");
  assert.is(await ratings("COUNT=3", "INSTANCE=2"), "<dist/bin/ratings.js><--count=3>");
  for (const odd of ["0", "-1", "abc", "1 2", "*"]) {
    assert.is(await ratings(`COUNT=${odd}`), `<dist/bin/ratings.js><--count=${odd}>`, "refused there, not here");
  }
});

test("no value is run as code, by the shell or by make", async () => {
  const hostile = [
    "$(touch pwned)",
    "$(shell touch pwned)",
    "`touch pwned`",
    "1; touch pwned",
    "1' ; touch pwned #",
    '1" ; touch pwned #',
    "1\ntouch pwned",
    "$$x $x",
  ];
  for (const value of hostile) {
    for (const name of ["COUNT", "INSTANCE"]) {
      const said = programs(await make("startRatings", `${name}=${value}`));
      assert.is(said, `<dist/bin/ratings.js><--${name.toLowerCase()}=${value}>`);
    }
    await make("test", `ONLY=${value}`);
    assert.match(await make("market", `MARKET_KEYS=${value}`), `MARKET_KEYS=${value}\n`, "settings are text as well");
  }
  assert.not.ok(existsSync(join(box.folder, "pwned")), readdirSync(box.folder).join(" "));
});

test("nothing starts when the folder could not be made ready", async () => {
  const targets =
    "monolith market startRatings shoppers demo package replay fuzz soak test check coverage walkthrough tracing bench scorecard scale datawire-connect";
  for (const target of targets.split(" ")) {
    const { code, said } = await box.run("make", [target], { PREPARED: "1" });
    assert.is(code, 2, target);
    assert.not.match(said, "<dist");
    assert.not.match(said, "ready");
  }
});

test("clean leaves a fresh clone, and help says what there is", async () => {
  for (const kept of ["bench/bench.js", "tracing/exporter.js", "test/package/package.json", "examples/a/package.json"])
    box.write(kept, "");
  const before = readdirSync(box.folder, { recursive: true });
  for (const made of [
    "node_modules/a",
    "dist/b",
    "examples/a/dist/b",
    ".dist-new/c",
    "coverage/d",
    ".prepared/e",
    "datawire-connect-1.0.0.tgz",
  ])
    box.write(made, "");
  for (const other of ["bench", "tracing", "test/package", "examples/a"]) box.write(`${other}/node_modules/f`, "");
  assert.match(await make("clean"), /^clean: back to a fresh clone .*\n$/);
  assert.equal(readdirSync(box.folder, { recursive: true }), before);
  assert.match(await make("help"), /startRatings +Ratings instances: COUNT=3 .*\n/);
});

test("bin/dwc runs from anywhere and through links, and says what to type when it is not ready", async () => {
  const link = await box.run("ln", ["-s", join(box.folder, "bin/dwc"), join(box.tools, "first")]);
  assert.is(link.code, 0);
  await box.run("ln", ["-s", "first", join(box.tools, "dwc")]);
  const early = await box.run("sh", ["-c", "cd / && dwc status"]);
  assert.is(early.code, 1);
  assert.match(early.said, /^dwc is not ready yet: type {2}make -C '.*my clone' datawire-connect\n$/);
  box.write("dist/bin/dwc.js", "");
  const { said } = await box.run("sh", ["-c", "cd / && dwc create-org 'My Test Org'"]);
  assert.match(programs(said), /^<.*my clone\/dist\/bin\/dwc\.js><create-org><My Test Org>$/);
});

test.run();
