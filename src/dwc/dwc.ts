// Runs one command: argv in, output text and exit code out. Help and wrong usage need no context, so none is opened.

import type { Call, Command } from "./core/command.ts";
import type { CommandContext } from "./core/command-context.ts";
import { helpText } from "./core/help.ts";
import { type Failed, type Rendered, type Rendering, render, unwritten } from "./core/outcome.ts";
import { notingScreen } from "./noting-screen.ts";
import { parse, stateOption, wantsJson } from "./parse.ts";

export interface DwcOptions {
  /** stdout shows colours, and the user has not switched them off. */
  readonly colour?: boolean;
  readonly commands: readonly Command[];
  readonly version: string;
  /** Opens the context. `state`: the folder of --state, which replaces that of the settings. */
  readonly openWorld: (state: string | undefined) => CommandContext | Failed;
  /** The absolute path of the folder of --state. */
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

/** Plain text even with --json. Only the error of a failed write is JSON then. */
const text = (content: string, json: boolean): Rendered => ({
  ...{ stdout: `${content}\n`, stderr: "", exitCode: 0 },
  ifUnwritten: unwritten("read-only", 0, json, {}),
});
