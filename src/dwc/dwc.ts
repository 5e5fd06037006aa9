// What was typed, in; what is to be written and the exit code, out. Help and wrong usage need no world, and get none.

import type { Call, Command } from "./core/command.ts";
import type { CommandContext } from "./core/command-context.ts";
import { helpText } from "./core/help.ts";
import { type Failed, type Rendered, type Rendering, render, unwritten } from "./core/outcome.ts";
import { notingScreen } from "./noting-screen.ts";
import { parse, stateOption, wantsJson } from "./parse.ts";

export interface DwcOptions {
  /** Whether stdout shows colours, and whoever reads it wants any. */
  readonly colour?: boolean;
  readonly commands: readonly Command[];
  readonly version: string;
  /** The world as the settings have it; `state`: the folder that was typed, instead of theirs. */
  readonly openWorld: (state: string | undefined) => CommandContext | Failed;
  /** The whole path of a folder that was typed. */
  readonly folderOf: (state: string) => string;
}

export async function runDwc(typed: readonly string[], options: DwcOptions): Promise<Rendered> {
  const parsed = parse(typed, options.commands);
  const state = stateOption(typed, options.commands);
  const folder = state === undefined ? undefined : options.folderOf(state);
  switch (parsed.kind) {
    case "failed":
      return render(parsed, wantsJson(typed), { failsWith: parsed.command?.failsWith, folder });
    case "help":
      return text(helpText(parsed.command, options.commands), wantsJson(typed));
    case "version":
      return text(options.version, wantsJson(typed));
    case "run": {
      const { command, call } = parsed;
      const rendering = { colour: options.colour, failsWith: command.failsWith, folder };
      const world = options.openWorld(state);
      if ("kind" in world) return render(world, call.flags.has("json"), rendering);
      return run(command, call, world, rendering);
    }
  }
}

async function run(command: Command, call: Call, world: CommandContext, rendering: Rendering): Promise<Rendered> {
  const json = call.flags.has("json");
  const { folder } = rendering;
  if (json || folder === undefined) return render(await command.run(call, world), json, rendering);
  const { screen, rest } = notingScreen(world.screen, folder);
  const rendered = render(await command.run(call, { ...world, screen }), json, rendering);
  return { ...rendered, stderr: rendered.stderr + rest() };
}

/** For people, also where JSON is wanted: an error is JSON then. */
const text = (said: string, json: boolean): Rendered => ({
  ...{ stdout: `${said}\n`, stderr: "", exitCode: 0 },
  ifUnwritten: unwritten("read-only", 0, json, {}),
});
