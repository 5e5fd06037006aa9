// One run of `dwc`: argv in, output text and exit code out, then the output is written. Help and wrong usage need no
// context, so none is opened.

import { readBusAddress } from "../../protocol.ts";
import { type SyncResult, syncResultOf } from "../identity/core/obedience.ts";
import { type Command, type CommandContext, helpText, type Invocation, type Screen } from "./core/command.ts";
import { parse, stateOption, wantsJson } from "./core/parse.ts";
import {
  type Failed,
  folderNote,
  offersCommand,
  type Rendered,
  type Rendering,
  render,
  unwritten,
} from "./core/result.ts";

export interface DwcOptions {
  /** stdout shows colours, and the user has not switched them off. */
  readonly colour?: boolean;
  readonly commands: readonly Command[];
  readonly version: string;
  /** Opens the context. `state`: the folder of --state, which replaces that of the settings. */
  readonly openContext: (state: string | undefined) => CommandContext | Failed;
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
      const context = options.openContext(state);
      if ("kind" in context) return render(context, call.flags.has("json"), rendering);
      return run(command, call, context, rendering);
    }
  }
}

async function run(
  command: Command,
  call: Invocation,
  context: CommandContext,
  rendering: Rendering,
): Promise<Rendered> {
  const json = call.flags.has("json");
  const { folder } = rendering;
  if (json || folder === undefined) return render(await command.run(call, context), json, rendering);
  const { screen, rest } = notingScreen(context.screen, folder);
  const rendered = render(await command.run(call, { ...context, screen }), json, rendering);
  return { ...rendered, stderr: rendered.stderr + rest() };
}

/** Plain text even with --json. Only the error of a failed write is JSON then. */
const text = (content: string, json: boolean): Rendered => ({
  ...{ stdout: `${content}\n`, stderr: "", exitCode: 0 },
  ifUnwritten: unwritten("read-only", 0, json, {}),
});

export interface NotingScreen {
  readonly screen: Screen;
  /** The note to print at the end. In fullscreen mode the next frame would overwrite it. */
  rest(): string;
}

/** Prints the note about the --state folder once, after the first output that contains a command. */
export function notingScreen(screen: Screen, folder: string): NotingScreen {
  let noted: "not yet" | "at the end" | "said" = "not yet";
  const note = folderNote(folder).join("\n");
  const sayNote = (text: string): void => {
    if (noted === "said" || !offersCommand(text)) return;
    noted = "said";
    screen.writeNote(note);
  };
  return {
    screen: {
      ...screen,
      write: (text) => {
        screen.write(text);
        sayNote(text);
      },
      writeNote: (sentence) => {
        screen.writeNote(sentence);
        sayNote(sentence);
      },
      draw: (lines) => {
        screen.draw(lines);
        if (noted === "not yet" && lines.some(offersCommand)) noted = "at the end";
      },
    },
    rest: () => (noted === "at the end" ? `${note}\n` : ""),
  };
}

/** stdout and its first error. */
export class Output {
  readonly #stream: NodeJS.WriteStream;
  #error: NodeJS.ErrnoException | undefined;

  /** Create it before the command runs, as the command may write meanwhile. */
  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    stream.on("error", (error: NodeJS.ErrnoException) => {
      this.#error ??= error;
    });
  }

  /** The system's error code of the first failed write; undefined: all is written. */
  async write(text: string): Promise<string | undefined> {
    const failed = await new Promise<Error | null | undefined>((resolve) => {
      this.#stream.write(text, resolve);
    });
    const error: NodeJS.ErrnoException | undefined = this.#error ?? failed ?? undefined;
    return error && (error.code ?? error.message);
  }
}

/**
 * Writes the result of a command, and sets the exit code. A failed write is reported, as the result may be the only
 * copy of what the command made.
 */
export async function write({ stdout, stderr, exitCode, ifUnwritten }: Rendered, output: Output): Promise<void> {
  process.exitCode = exitCode;
  const why = await output.write(stdout);
  const failure = why === undefined ? undefined : ifUnwritten?.(why);
  process.exitCode = failure?.exitCode ?? exitCode;
  const text = failure?.stderr ?? stderr;
  if (text !== "") process.stderr.write(text);
}

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
const WHY = "dwc was interrupted before it said so";

/**
 * ^C while dwc waits for a bus. The change is already in the state folder, so dwc prints its result before it exits.
 */
export class Interruption {
  #signal: NodeJS.Signals | undefined;

  /** The result of the sync; "unknown" for every address if a signal arrives first. */
  during(asking: () => Promise<SyncResult>, urls: readonly string[]): Promise<SyncResult> {
    return new Promise((resolve, reject) => {
      const interrupt = (signal: NodeJS.Signals): void => {
        this.#signal = signal;
        resolve(syncResultOf(urls.map((url) => ({ ...UNKNOWN, url: readBusAddress(url).shown }))));
      };
      if (this.#signal !== undefined) return interrupt(this.#signal);
      for (const signal of SIGNALS) process.on(signal, interrupt);
      asking()
        .then(resolve, reject)
        .finally(() => {
          for (const signal of SIGNALS) process.off(signal, interrupt);
        });
    });
  }

  /** Ends the process by the received signal, if there was one. Call it after all output is written. */
  end(): void {
    if (this.#signal === undefined) return;
    for (const signal of SIGNALS) process.removeAllListeners(signal);
    process.kill(process.pid, this.#signal);
  }
}

const UNKNOWN = { kind: "unknown", reason: "silent", why: WHY } as const;
