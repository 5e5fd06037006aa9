// `dwc completion bash`: the completion script of a shell, and the completions that the script then queries.

import { amountOfKind, FAULT_KINDS, FAULT_WORDS, meaningOf } from "../../protocol.ts";
import { COMMON_OPTIONS, type Command } from "../cli/core/command.ts";
import { type Failed, quoteForMessage, wrongUsage } from "../cli/core/result.ts";
import type { DiscoveredInstance } from "../live/core/live-types.ts";
import { RESET } from "./fault.ts";
import { nameOf } from "./format.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

// `dwc completion bash`: prints the completion script of a shell. The script queries live names.

export const completion: Command = {
  name: "completion",
  isLive: true,
  summary: "teaches a shell to complete commands, options, and the names of what runs",
  about: [
    "bash:  source <(bin/dwc completion bash)     zsh:  source <(bin/dwc completion zsh)",
    "fish:  bin/dwc completion fish | source      For good: put that line into what your shell reads at start.",
  ],
  args: [{ name: "SHELL", meaning: SHELLS.join(", ") }],
  options: [],
  example: "bin/dwc completion bash",
  run: async ({ args }) => {
    const [typed = ""] = args;
    const shell = SHELLS.find((one) => one === typed);
    if (shell === undefined) return unknownShell(typed);
    const script = completionScript(shell);
    return {
      kind: "done",
      lines: script.trimEnd().split("\n"),
      notes: [],
      json: { shell, script },
      isForeign: true,
      ifUnwritten: "read-only",
    };
  },
};

const unknownShell = (typed: string): Failed =>
  wrongUsage(
    "unknown-shell",
    `${quoteForMessage(typed)} is no shell that dwc knows`,
    `there are:  ${SHELLS.join(", ")}`,
  );

// The completions of the word that is being typed. The live names are an argument.

export interface Candidate {
  readonly word: string;
  readonly meaning: string;
}

/** The kind of live names that can stand at a position of the command line. `org-services`: also those that do not run. */
export type LiveNames = "services" | "org-services" | "instances" | "operations" | "nothing";

/** By command and argument number, or option. */
const LIVE: Readonly<Record<string, LiveNames>> = {
  "call 0": "services",
  "call 1": "operations",
  "ps 0": "services",
  "explain 0": "instances",
  "fault 0": "instances",
  "fault reset 1": "instances",
  "service-token 0": "org-services",
  "revoke 0": "org-services",
  "create-service --calls": "org-services",
};
const FIXED: Readonly<Record<string, readonly Candidate[]>> = {
  // The things of this project's service. The requests of other services are unknown here.
  "call ratings 2": ["basketball", "briefcase", "camera", "football"].map((word) => ({ word, meaning: "thing" })),
  "fault 0": [{ word: RESET, meaning: "ends all faults now" }],
  "fault 1": FAULT_WORDS.map((word) => ({ word, meaning: meaningOf(word) })),
  ...Object.fromEntries(
    FAULT_KINDS.map((kind) => [`fault ${kind} 2`, amountOfKind(kind)?.typed] as const).flatMap(([place, typed]) =>
      typed === undefined ? [] : [[place, [{ word: typed.example, meaning: typed.range }]]],
    ),
  ),
  "completion 0": ["bash", "zsh", "fish"].map((word) => ({ word, meaning: "shell" })),
};

/** @param words the words after `dwc`; the last one is being typed, and may be empty */
export function wantedOf(words: readonly string[], commands: readonly Command[]): LiveNames {
  const place = placeOf(words, commands);
  return "key" in place ? (LIVE[place.key] ?? "nothing") : "nothing";
}

/** The names that the running system and the state folder know. */
export interface KnownNames {
  /** None when the bus is down. */
  readonly discovered: readonly DiscoveredInstance[];
  /** The services of the current org. */
  readonly services: readonly string[];
}

export function candidates(
  words: readonly string[],
  commands: readonly Command[],
  known: KnownNames,
): readonly Candidate[] {
  const typed = words.at(-1) ?? "";
  return all(words, commands, known).filter(({ word }) => word.startsWith(typed));
}

function all(words: readonly string[], commands: readonly Command[], known: KnownNames): readonly Candidate[] {
  const place = placeOf(words, commands);
  switch (place.kind) {
    case "command":
      return [...commands.map(({ name, summary }) => ({ word: name, meaning: summary })), HELP];
    case "option":
      return [...place.command.options, ...COMMON_OPTIONS].map(({ name, meaning }) => ({ word: `--${name}`, meaning }));
    case "nothing":
      return [];
    case "argument":
      return [...(FIXED[place.key] ?? []), ...live(LIVE[place.key] ?? "nothing", known, place.service)];
    case "value":
      return listed(words.at(-1) ?? "", live(LIVE[place.key] ?? "nothing", known));
  }
}

/** The value is a list with commas: only its last part is being typed, and no part is offered twice. */
function listed(typed: string, names: readonly Candidate[]): readonly Candidate[] {
  const parts = typed.split(",").slice(0, -1);
  const before = parts.map((part) => `${part},`).join("");
  return names
    .filter(({ word }) => !parts.includes(word))
    .map(({ word, meaning }) => ({ word: before + word, meaning }));
}

/** @param service the first argument, for the operations of that service */
function live(wanted: LiveNames, { discovered, services: ofOrg }: KnownNames, service?: string): readonly Candidate[] {
  if (wanted === "nothing") return [];
  if (wanted === "operations") {
    const has = discovered.filter((one) => one.service === service).flatMap(({ operations }) => operations);
    return [...new Set(has)].sort().map((word) => ({ word, meaning: "operation" }));
  }
  const running = discovered.map(({ service }) => service);
  const services = [...new Set(wanted === "org-services" ? [...ofOrg, ...running] : running)].sort();
  const names = services.map((word) => ({ word, meaning: "service" }));
  if (wanted !== "instances") return names;
  const instances = [...new Set(discovered.toSorted((a, b) => a.instance - b.instance).map(nameOf))];
  return [...names, ...instances.map((word) => ({ word, meaning: "instance" }))];
}

type Place =
  | { readonly kind: "command" | "nothing" }
  | { readonly kind: "option"; readonly command: Command }
  /** `key`: the command and the argument number; between them the previous word, if it matters. */
  | { readonly kind: "argument"; readonly key: string; readonly service: string | undefined }
  /** `key`: the command and the option whose value it is. */
  | { readonly kind: "value"; readonly key: string };

const HELP: Candidate = { word: "help", meaning: "what there is, or more about one command" };

function placeOf(words: readonly string[], commands: readonly Command[]): Place {
  const [first = ""] = words;
  if (words.length <= 1 || (words.length === 2 && first === HELP.word)) return { kind: "command" };
  const command = commands.find(({ name, aliases = [] }) => name === first || aliases.includes(first));
  if (command === undefined) return { kind: "nothing" };
  const before = words.slice(1, -1);
  if (takesValue(command, before.at(-1))) return { kind: "value", key: `${command.name} ${before.at(-1)}` };
  if (words.at(-1)?.startsWith("-")) return { kind: "option", command };
  const args = before.filter((word, at) => !word.startsWith("-") && !takesValue(command, before[at - 1]));
  return { kind: "argument", key: keyOf(command, args), service: args[0] };
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

// Scripts that register dwc with a shell's completion. The shell then queries dwc for each word.

/** The hidden command for completion. Its arguments are the words so far; the last one is being typed. */
export const COMPLETE = "__complete";

const BASH = `# dwc for bash:  source <(bin/dwc completion bash)
_dwc() {
  local program="\${COMP_WORDS[0]/#\\~/$HOME}" word
  COMPREPLY=()
  while IFS=$'\\t' read -r word _; do
    COMPREPLY+=("$word")
  done < <("$program" ${COMPLETE} "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null </dev/null)
}
complete -F _dwc dwc
`;

const ZSH = `#compdef dwc
# dwc for zsh:  source <(bin/dwc completion zsh)   (after compinit)
_dwc() {
  local -a found
  local word meaning
  while IFS=$'\\t' read -r word meaning; do
    found+=("\${word//:/\\\\:}:$meaning")
  done < <("\${(Q)words[1]/#\\~/$HOME}" ${COMPLETE} "\${(@Q)words[2,CURRENT]}" 2>/dev/null </dev/null)
  _describe dwc found
}
compdef _dwc dwc
`;

const FISH = `# dwc for fish:  bin/dwc completion fish | source
function __dwc_complete
  set -l words (commandline -opc)
  set -l program $words[1]
  $program ${COMPLETE} $words[2..-1] (commandline -ct) 2>/dev/null </dev/null
end
complete -c dwc -f -a '(__dwc_complete)'
`;

const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };

export const completionScript = (shell: Shell): string => SCRIPTS[shell];
