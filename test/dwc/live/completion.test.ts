// takes: 15 s
// Completion: what a word may become, and a real bash that has been told.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { findProgram, programFolders } from "../../../src/bus/find-program.ts";
import { COMMANDS } from "../../../src/dwc/core/commands.ts";
import { candidates, wantedOf } from "../../../src/dwc/live/core/candidates.ts";
import { completionScript, SHELLS } from "../../../src/dwc/live/core/completion-scripts.ts";
import type { Heard } from "../../../src/dwc/live/core/visited.ts";
import { until } from "../../support/until.ts";
import { Desk, PROGRAM } from "../typed.ts";
import { FakeMarket } from "./board.ts";

/** For a machine on which a shell takes seconds to start. */
const NAMES_LIMIT_MS = 30_000;

const test = suite("completion");
const heard = [1, 2].map(
  (instance): Heard => ({
    ...{ service: "ratings", instance, incarnation: `${instance}-a`, address: "a", state: "up" },
    ...{ version: "1", intervalMs: 1, counts: undefined },
  }),
);
const words = (...typed: string[]): string =>
  candidates(typed, COMMANDS, heard)
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
  assert.is(words("call", "greetings", "get", ""), "", "nobody here knows what it has");
  assert.is(words("fault", "re"), "reset");
  assert.is(words("fault", "reset", ""), "ratings ratings/1 ratings/2");
  assert.is(words("fault", "ratings/2", ""), "pause slow fail mute kill");
  assert.is(words("fault", "ratings/2", "slow", ""), "300ms");
  assert.is(words("fault", "ratings/2", "fail", ""), "30%");
  assert.is(words("fault", "ratings/2", "mute", ""), "");
  assert.is(words("events", "--o"), "--once");
  assert.is(words("explain", "ratings", ""), "");
  assert.is(words("nonsense", ""), "");
});

test("each word has a meaning beside it, for shells that show one, and instances stand in their order", () => {
  const [two, one] = [heard[1], heard[0]] as [Heard, Heard];
  for (const typed of [[""], ["fault", ""], ["fault", "x", ""], ["call", "x", ""], ["completion", ""], ["top", "--"]])
    for (const { word, meaning } of candidates(typed, COMMANDS, [two, one])) assert.ok(meaning !== "", word);
  const found = candidates(["explain", "ratings/"], COMMANDS, [two, one]);
  assert.equal(
    found.map(({ word }) => word),
    ["ratings/1", "ratings/2"],
  );
});

test("the system is asked only where a live name can stand", () => {
  assert.equal(
    [["ch"], ["check", ""], ["call", "x", ""], ["ps", ""], ["explain", ""]].map((typed) => wantedOf(typed, COMMANDS)),
    ["nothing", "nothing", "nothing", "services", "instances"],
  );
});

test("with bus and Market away nothing is printed, soon, and nothing fails", async () => {
  const desk = new Desk();
  const { code, stdout, stderr } = await desk.start(["__complete", "explain", ""], { env: { PORT: "1" } });
  desk.clear();
  assert.equal({ code, stdout, stderr }, { code: 0, stdout: "", stderr: "" });
});

test("bash completes with it, names of running instances too, also by a path", async () => {
  const desk = new Desk();
  const market = new FakeMarket();
  const { port } = new URL(await market.start());
  const env = {
    PATH: process.env["PATH"],
    HOME: desk.folder,
    DWC_STATE: desk.state,
    PORT: port,
    NATS_URL: "nats://127.0.0.1:1",
  };
  const ask = async (...typed: string[]): Promise<string> => {
    const line = `source <("${PROGRAM}" completion bash); complete -p dwc >/dev/null || exit 9
      COMP_WORDS=("${PROGRAM}" "$@"); COMP_CWORD=$#; _dwc; printf '%s ' "\${COMPREPLY[@]}"`;
    return (await promisify(execFile)("bash", ["-c", line, "bash", ...typed], { env })).stdout.trim();
  };
  try {
    assert.is(await ask("com"), "completion");
    // Names that do not come within a moment are left out: on a busy machine a person presses the key again.
    await until(
      "the names",
      async () => (await ask("explain", "ratings/")) === "ratings/1 ratings/2 ratings/3",
      NAMES_LIMIT_MS,
    );
  } finally {
    await market.stop();
    desk.clear();
  }
});

test("each shell that is installed can read what it is told", async () => {
  for (const shell of SHELLS) {
    const path = findProgram(shell, programFolders(process.env["PATH"]));
    if (path === undefined) continue;
    await promisify(execFile)(path, ["-n", "-c", completionScript(shell)]);
  }
});

test.run();
