// takes: 15 s
// shares: terminals
// Completion in a real bash that has loaded the script.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { findProgram, programFolders } from "../../../src/bus/server/server-process.ts";
import { completionScript, SHELLS } from "../../../src/dwc/commands/completion.ts";
import { until } from "../../support/until.ts";
import { FakeMarket } from "../live/board.ts";
import { Desk, PROGRAM } from "../run-dwc.ts";

/** For a machine on which a shell takes seconds to start. */
const NAMES_LIMIT_MS = 30_000;

const test = suite("completion");
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

test("each installed shell can parse its completion script", async () => {
  for (const shell of SHELLS) {
    const path = findProgram(shell, programFolders(process.env["PATH"]));
    if (path === undefined) continue;
    await promisify(execFile)(path, ["-n", "-c", completionScript(shell)]);
  }
});

test.run();
