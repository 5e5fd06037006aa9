// `dwc completion bash`: prints the completion script of a shell. The script queries live names.

import type { Command } from "../../core/command.ts";
import { type Failed, quoteForMessage } from "../../core/outcome.ts";
import { completionScript, SHELLS } from "./completion-scripts.ts";

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

const unknownShell = (typed: string): Failed => ({
  kind: "failed",
  ...{ category: "usage", code: "unknown-shell", message: `${quoteForMessage(typed)} is no shell that dwc knows` },
  hint: `there are:  ${SHELLS.join(", ")}`,
});
