// takes: 15 s
// Completion: what a word may become, and a real bash that has been told.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { findProgram, programFolders } from "../../../src/bus/find-program.ts";
import { COMMANDS } from "../../../src/dwc/commands.ts";
import { candidates, wantedOf } from "../../../src/dwc/live/candidates.ts";
import { completionScript, SHELLS } from "../../../src/dwc/live/completion-scripts.ts";
import type { Heard } from "../../../src/dwc/live/visited.ts";
import { Desk, PROGRAM } from "../typed.ts";
import { FakeMarket } from "./board.ts";

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
  assert.is(words("").split(" ").length, COMMANDS.length);
  assert.is(words("completion", ""), "bash zsh fish");
  assert.is(words("explain", "ratings/"), "ratings/1 ratings/2");
  assert.is(words("call", ""), "ratings");
  assert.is(words("call", "ratings", ""), "get");
  assert.is(words("call", "--timeout", "1s", "ratings", "get", "ca"), "camera");
  assert.is(words("call", "--timeout", ""), "");
  assert.is(words("events", "--o"), "--once");
  assert.is(words("explain", "ratings", ""), "");
  assert.is(words("nonsense", ""), "");
});

test("the system is asked only where a live name can stand", () => {
  assert.equal(
    [["ch"], ["check", ""], ["call", "x", ""], ["ps", ""], ["explain", ""]].map((typed) => wantedOf(typed, COMMANDS)),
    ["nothing", "nothing", "nothing", "services", "instances"],
  );
});

test("with bus and Market away nothing is printed, soon, and nothing fails", async () => {
  const desk = new Desk();
  const { code, stdout, stderr } = await desk.type(["__complete", "explain", ""], { env: { PORT: "1" } });
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
  assert.is(await ask("com"), "completion");
  assert.is(await ask("explain", "ratings/"), "ratings/1 ratings/2 ratings/3".split(" ").sort(byBoard).join(" "));
  await market.stop();
  desk.clear();
});

/** As the board has them: the worst, which is 2, first. */
const byBoard = (a: string, b: string): number => Number(b.endsWith("2")) - Number(a.endsWith("2"));

test("each shell that is installed can read what it is told", async () => {
  for (const shell of SHELLS) {
    const path = findProgram(shell, programFolders(process.env["PATH"]));
    if (path === undefined) continue;
    await promisify(execFile)(path, ["-n", "-c", completionScript(shell)]);
  }
});

test.run();
