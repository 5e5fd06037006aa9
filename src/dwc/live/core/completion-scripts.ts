// Scripts that register dwc with a shell's completion. The shell then queries dwc for each word.

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

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
