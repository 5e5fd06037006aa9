// What the word that is being typed may become. Pure: the live names come in as an argument.

import { COMMON_OPTIONS, type Command } from "../command.ts";
import { FAULT_WORDS, RESET } from "./fault-wish.ts";
import type { Heard } from "./visited.ts";
import { nameOf } from "./who.ts";

export interface Candidate {
  readonly word: string;
  readonly meaning: string;
}

/** What of the running system a place in the line may name. */
export type Wanted = "services" | "instances" | "nothing";

const SHELLS = ["bash", "zsh", "fish"];
/** By command and the number of the argument. */
const LIVE: Readonly<Record<string, Wanted>> = {
  "call 0": "services",
  "ps 0": "services",
  "explain 0": "instances",
  "fault 0": "instances",
  "service-token 0": "services",
  "revoke 0": "services",
};
const FIXED: Readonly<Record<string, readonly string[]>> = {
  "call 1": ["get"],
  "fault 0": [RESET],
  "fault 1": FAULT_WORDS,
  "completion 0": SHELLS,
};
/** What comes with this project is worth a word each; of others nobody here knows what they have. */
const THINGS = ["basketball", "briefcase", "camera", "football"];

/** @param words behind `dwc`; the last is the one that is being typed, and may be empty */
export function wantedOf(words: readonly string[], commands: readonly Command[]): Wanted {
  const place = placeOf(words, commands);
  return place.kind === "argument" ? (LIVE[`${place.command.name} ${place.at}`] ?? "nothing") : "nothing";
}

/** @param heard whoever answered the roll call; none when the bus is away */
export function candidates(
  words: readonly string[],
  commands: readonly Command[],
  heard: readonly Heard[],
): readonly Candidate[] {
  const typed = words.at(-1) ?? "";
  return all(words, commands, heard).filter(({ word }) => word.startsWith(typed));
}

function all(words: readonly string[], commands: readonly Command[], heard: readonly Heard[]): readonly Candidate[] {
  const place = placeOf(words, commands);
  switch (place.kind) {
    case "command":
      return commands.map(({ name, summary }) => ({ word: name, meaning: summary }));
    case "option":
      return [...place.command.options, ...COMMON_OPTIONS].map(({ name, meaning }) => ({ word: `--${name}`, meaning }));
    case "nothing":
      return [];
    case "argument": {
      const key = `${place.command.name} ${place.at}`;
      const fixed = key === "call 2" && words.includes("ratings") ? THINGS : (FIXED[key] ?? []);
      return [...fixed.map((word) => ({ word, meaning: "" })), ...live(LIVE[key] ?? "nothing", heard)];
    }
  }
}

function live(wanted: Wanted, heard: readonly Heard[]): readonly Candidate[] {
  if (wanted === "nothing") return [];
  const services = [...new Set(heard.map(({ service }) => service))];
  const names = services.map((word) => ({ word, meaning: "service" }));
  if (wanted === "services") return names;
  const instances = [...new Set(heard.map(nameOf))];
  return [...names, ...instances.map((word) => ({ word, meaning: "instance" }))];
}

type Place =
  | { readonly kind: "command" | "nothing" }
  | { readonly kind: "option"; readonly command: Command }
  | { readonly kind: "argument"; readonly command: Command; readonly at: number };

function placeOf(words: readonly string[], commands: readonly Command[]): Place {
  const [first = ""] = words;
  if (words.length <= 1) return { kind: "command" };
  const command = commands.find(({ name, aliases = [] }) => name === first || aliases.includes(first));
  if (command === undefined) return { kind: "nothing" };
  const before = words.slice(1, -1);
  if (takesValue(command, before.at(-1))) return { kind: "nothing" };
  if (words.at(-1)?.startsWith("-")) return { kind: "option", command };
  const values = before.filter((_word, at) => takesValue(command, before[at - 1])).length;
  const at = before.filter((word) => !word.startsWith("-")).length - values;
  return at < command.args.length ? { kind: "argument", command, at } : { kind: "nothing" };
}

function takesValue({ options }: Command, word: string | undefined): boolean {
  const option = [...options, ...COMMON_OPTIONS].find(
    ({ name, short }) => word === `--${name}` || word === `-${short}`,
  );
  return option?.value !== undefined;
}
