// The walk of README, made from the table of its steps.

import { headingOf, type WalkAct, type WalkStep } from "../../src/tour/core/walk.ts";

/** As the rest of README. */
const WIDTH = 126;

export const walkPage = (steps: readonly WalkStep[]): string => steps.map(paragraphs).join("\n");

function paragraphs(step: WalkStep): string {
  const { acts, shows, lines = [], note, isOptional } = step;
  const heading = `**${headingOf(step)}${isOptional ? " (optional)" : ""}.**`;
  const block = lines.length === 0 ? [] : [`\`\`\`text\n${lines.join("\n")}\n\`\`\`\n`];
  const rest = note === undefined ? [] : [wrapped(note)];
  return [wrapped(`${heading} ${acts.map(sentence).join(" ")} ${shows}`), ...block, ...rest].join("\n");
}

function sentence(act: WalkAct): string {
  if ("load" in act) return `Load ${act.load}.`;
  if ("wait" in act) return `Wait ${act.wait}.`;
  return `Window ${act.window}: \`${"type" in act ? act.type : act.press}\`.`;
}

/** Breaks between words, and not within code. */
function wrapped(text: string): string {
  const lines: string[] = [""];
  for (const word of text.match(/(?:`[^`]*`|\S)+/g) ?? []) {
    const line = lines.at(-1) ?? "";
    if (line !== "" && line.length + 1 + word.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return `${lines.join("\n")}\n`;
}
