// dwc in a world that is a table: what each verb answers is given, so that a test needs no state folder and no bus.

import type { CommandContext, Screen, Terminal } from "../../src/dwc/cli/core/command.ts";
import { runDwc } from "../../src/dwc/cli/main.ts";
import { COMMANDS } from "../../src/dwc/commands/table.ts";

export interface Table {
  /** By verb, of identity or of what runs. */
  readonly answers?: Readonly<Record<string, unknown>>;
  readonly looks?: Awaited<ReturnType<CommandContext["probeBus"]>>;
  readonly terminal?: Partial<Terminal>;
  readonly screen?: Partial<Screen>;
}

/** One command typed: its text, its JSON, and what it asked of the world. */
export async function answered(typed: string | readonly string[], table: Table = {}): Promise<string> {
  const { answers = {}, looks = [], terminal = {}, screen = {} } = table;
  const words = typeof typed === "string" ? typed.split(" ") : typed;
  const said: string[] = [];
  const verbs = new Proxy(answers, {
    get: (known, verb: string) =>
      known[verb] instanceof Function
        ? known[verb]
        : (...given: unknown[]) => {
            said.push(`${verb} ${JSON.stringify(given.map((one) => (one === undefined ? "undefined" : one)))}`);
            return Promise.resolve(known[verb]);
          },
  }) as unknown as CommandContext["identity"] & CommandContext["live"];
  const world: CommandContext = {
    ...{ stateDir: "/state", identity: verbs, live: verbs, probeBus: async () => looks },
    terminal: { answers: false, ...terminal } as Terminal,
    screen: {
      ...{ isTerminal: false, colour: false, closed: new AbortController().signal },
      ...{ write: (text) => said.push(`wrote ${text}`), writeNote: (text) => said.push(`said ${text}`) },
      ...{ size: () => ({ rows: 24, columns: 60 }), draw: () => undefined, showMeanwhile: () => undefined },
      ...screen,
    } as Screen,
  };
  const options = { commands: COMMANDS, version: "1", openContext: () => world, folderOf: (state: string) => state };
  const text = await runDwc(words, options);
  const asked = said.splice(0).map((line) => `asked: ${line}`);
  const json = await runDwc([...words, "--json"], options);
  const why = text.ifUnwritten?.("ENOSPC");
  return [
    `$ dwc ${words.join(" ")}`,
    ...asked,
    text.stdout + text.stderr.replace(/^/gm, "  ").trimEnd(),
    ...(why === undefined ? [] : [`unwritten: ${why.exitCode} ${why.stderr}`]),
    `exit code ${text.exitCode}${json.exitCode === text.exitCode ? "" : `, with --json ${json.exitCode}`}`,
    json.stdout + json.stderr,
  ].join("\n");
}
