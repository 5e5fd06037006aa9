// What was typed, in; what is to be written and the exit code, out. Help and wrong usage need no world, and get none.

import type { Command } from "./core/command.ts";
import { helpText } from "./core/help.ts";
import { type Failed, printable, type Rendered, render } from "./core/outcome.ts";
import type { World } from "./core/world.ts";
import { shellWord } from "./identity/core/names.ts";
import { parse, wantsJson } from "./parse.ts";

export interface DwcOptions {
  /** Whether stdout shows colours, and whoever reads it wants any. */
  readonly colour?: boolean;
  readonly commands: readonly Command[];
  readonly version: string;
  /** The world as the settings have it; `state`: the folder that was typed, instead of theirs. */
  readonly openWorld: (state: string | undefined) => World | Failed;
}

export async function runDwc(typed: readonly string[], options: DwcOptions): Promise<Rendered> {
  const parsed = parse(typed, options.commands);
  switch (parsed.kind) {
    case "failed":
      return render(parsed, wantsJson(typed), { failsWith: parsed.command?.failsWith });
    case "help":
      return text(helpText(parsed.command, options.commands));
    case "version":
      return text(options.version);
    case "run": {
      const { command, call } = parsed;
      const json = call.flags.has("json");
      const world = options.openWorld(call.values.get("state"));
      const rendering = { colour: options.colour, failsWith: command.failsWith };
      if ("kind" in world) return render(world, json, rendering);
      const rendered = render(await command.run(call, world), json, rendering);
      return json || !call.values.has("state") ? rendered : withFolder(rendered, world.stateDir);
    }
  }
}

/** The commands that a result offers are typed without the folder, and would change the one of the environment. */
function withFolder(rendered: Rendered, folder: string): Rendered {
  if (!/\b(bin\/dwc|make) /.test(rendered.stdout + rendered.stderr)) return rendered;
  const note = `Note: this is about the folder ${printable(folder)}. Before any of these commands type`;
  const line = `  export DWC_STATE=${printable(shellWord(folder))}`;
  return { ...rendered, stderr: `${rendered.stderr}${note}\n${line}\n` };
}

const text = (said: string): Rendered => ({ stdout: `${said}\n`, stderr: "", exitCode: 0 });
