// Replays the record of a Market (RECORD=file) through the same code and prints the decisions: `replay FILE`. Exit code 0
// when every decision is the same, 1 when one differs or a line cannot be read, 2 when no file was named.

import { replayFile } from "../src/market/replay.ts";
import { exitWithoutTerminal } from "../src/program/hang-up.ts";
import { complain } from "../src/program/program.ts";
import { withoutUserinfos } from "../src/util/printable.ts";

const [path = ""] = process.argv.slice(2);
if (path === "") {
  process.stderr.write(
    "no file was named: type  make replay FILE=a-record  (a Market writes one with RECORD=a-record)\n",
  );
  process.exit(2);
}
exitWithoutTerminal();
// `make replay FILE=… | head`: the reader has ended. Other errors, as of a full disk, lose the result.
process.stdout.on("error", ({ code }: NodeJS.ErrnoException) => {
  if (code !== "EPIPE") complain(`the result could not be written (${code})`);
  process.exit(code === "EPIPE" ? 0 : 1);
});
const { kind, sentence } = await replayFile(path, (line) => process.stdout.write(`${line}\n`));
if (kind === "same") process.stdout.write(`${withoutUserinfos(sentence)}\n`);
else complain(sentence);
process.exitCode = kind === "same" ? 0 : 1;
