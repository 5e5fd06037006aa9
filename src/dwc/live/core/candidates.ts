// The completions of the word that is being typed. The live names are an argument.

import { COMMON_OPTIONS, type Command } from "../../core/command.ts";
import type { DiscoveredInstance } from "./bus-result.ts";
import { FAULT_WORDS, RESET } from "./fault-args.ts";
import { nameOf } from "./instance-name.ts";

export interface Candidate {
  readonly word: string;
  readonly meaning: string;
}

/** The kind of live names that can stand at a position of the command line. */
export type Wanted = "services" | "instances" | "nothing";

const FAULTS: Readonly<Record<(typeof FAULT_WORDS)[number], string>> = {
  pause: "it stands still",
  slow: "its answers come later",
  fail: "a share of its answers are errors",
  mute: "it sends no heartbeats",
  kill: "it ends at once",
};

/** By command and argument number. */
const LIVE: Readonly<Record<string, Wanted>> = {
  "call 0": "services",
  "ps 0": "services",
  "explain 0": "instances",
  "fault 0": "instances",
  "fault reset 1": "instances",
  "service-token 0": "services",
  "revoke 0": "services",
};
const FIXED: Readonly<Record<string, readonly Candidate[]>> = {
  "call 1": [{ word: "get", meaning: "the one verb that services have" }],
  // The things of this project's service. The requests of other services are unknown here.
  "call ratings 2": ["basketball", "briefcase", "camera", "football"].map((word) => ({ word, meaning: "thing" })),
  "fault 0": [{ word: RESET, meaning: "ends all faults now" }],
  "fault 1": FAULT_WORDS.map((word) => ({ word, meaning: FAULTS[word] })),
  "fault slow 2": [{ word: "300ms", meaning: "so much later" }],
  "fault fail 2": [{ word: "30%", meaning: "that share" }],
  "completion 0": ["bash", "zsh", "fish"].map((word) => ({ word, meaning: "shell" })),
};

/** @param words the words after `dwc`; the last one is being typed, and may be empty */
export function wantedOf(words: readonly string[], commands: readonly Command[]): Wanted {
  const place = placeOf(words, commands);
  return place.kind === "argument" ? (LIVE[place.key] ?? "nothing") : "nothing";
}

/** @param discovered the known instances; none when the bus is down */
export function candidates(
  words: readonly string[],
  commands: readonly Command[],
  discovered: readonly DiscoveredInstance[],
): readonly Candidate[] {
  const typed = words.at(-1) ?? "";
  return all(words, commands, discovered).filter(({ word }) => word.startsWith(typed));
}

function all(
  words: readonly string[],
  commands: readonly Command[],
  discovered: readonly DiscoveredInstance[],
): readonly Candidate[] {
  const place = placeOf(words, commands);
  switch (place.kind) {
    case "command":
      return [...commands.map(({ name, summary }) => ({ word: name, meaning: summary })), HELP];
    case "option":
      return [...place.command.options, ...COMMON_OPTIONS].map(({ name, meaning }) => ({ word: `--${name}`, meaning }));
    case "nothing":
      return [];
    case "argument":
      return [...(FIXED[place.key] ?? []), ...live(LIVE[place.key] ?? "nothing", discovered)];
  }
}

function live(wanted: Wanted, discovered: readonly DiscoveredInstance[]): readonly Candidate[] {
  if (wanted === "nothing") return [];
  const services = [...new Set(discovered.map(({ service }) => service))];
  const names = services.map((word) => ({ word, meaning: "service" }));
  if (wanted === "services") return names;
  const instances = [...new Set(discovered.toSorted((a, b) => a.instance - b.instance).map(nameOf))];
  return [...names, ...instances.map((word) => ({ word, meaning: "instance" }))];
}

type Place =
  | { readonly kind: "command" | "nothing" }
  | { readonly kind: "option"; readonly command: Command }
  /** `key`: the command and the argument number; between them the previous word, if it matters. */
  | { readonly kind: "argument"; readonly key: string };

const HELP: Candidate = { word: "help", meaning: "what there is, or more about one command" };

function placeOf(words: readonly string[], commands: readonly Command[]): Place {
  const [first = ""] = words;
  if (words.length <= 1 || (words.length === 2 && first === HELP.word)) return { kind: "command" };
  const command = commands.find(({ name, aliases = [] }) => name === first || aliases.includes(first));
  if (command === undefined) return { kind: "nothing" };
  const before = words.slice(1, -1);
  if (takesValue(command, before.at(-1))) return { kind: "nothing" };
  if (words.at(-1)?.startsWith("-")) return { kind: "option", command };
  const args = before.filter((word, at) => !word.startsWith("-") && !takesValue(command, before[at - 1]));
  return args.length < command.args.length ? { kind: "argument", key: keyOf(command, args) } : { kind: "nothing" };
}

function keyOf({ name }: Command, args: readonly string[]): string {
  const plain = `${name} ${args.length}`;
  // In `call ratings get …` the service determines the possible requests.
  const telling = name === "call" ? args[0] : args.at(-1);
  const special = `${name} ${telling} ${args.length}`;
  return special in FIXED || special in LIVE ? special : plain;
}

function takesValue({ options }: Command, word: string | undefined): boolean {
  const option = [...options, ...COMMON_OPTIONS].find(
    ({ name, short }) => word === `--${name}` || word === `-${short}`,
  );
  return option?.value !== undefined;
}
