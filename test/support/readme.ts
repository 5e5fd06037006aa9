// README, and the pages that it leads to, as the tests read them.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "./repository.ts";

export interface Block {
  /** The word behind the fence: text, json, js. */
  readonly language: string;
  readonly text: string;
}

export interface Section {
  readonly heading: string;
  readonly text: string;
}

/** From the folder of the repository. */
export const PAGES = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  "docs/architecture.md",
  "docs/commands.md",
  "docs/health.md",
  "docs/observing.md",
  "docs/operating.md",
  "docs/performance.md",
  "docs/protocol.md",
  "docs/security.md",
  "docs/settings.md",
  "docs/library/README.md",
  "docs/library/start.md",
  "docs/library/operations.md",
  "docs/library/time.md",
  "docs/library/overload.md",
  "docs/library/streams.md",
  "docs/library/security.md",
  "docs/library/testing.md",
  "docs/library/operating.md",
  "docs/library/coming-from.md",
] as const;

/** A folder of pages has an index of its own. */
export const INDEXES = ["README.md", "docs/library/README.md"] as const;

export const readPage = (page: (typeof PAGES)[number]): string => readFileSync(join(repository, page), "utf8");

/** All of them, one behind the other. */
export const readBook = (): string => PAGES.map(readPage).join("\n");

/** The fenced blocks, in order. */
export function blocksOf(markdown: string): readonly Block[] {
  const found = markdown.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm);
  return [...found].map(([, language = "", text = ""]) => ({ language, text }));
}

/** The part of a heading of the second level, up to the next one. */
export function sectionOf(markdown: string, heading: string): string {
  const section = markdown.split(/^## /m).find((text) => text.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`no page has a section "${heading}"`);
  return section;
}

/** Rows of the tables in it, as the texts of their cells; without the heads. */
export function rowsOf(markdown: string): readonly (readonly string[])[] {
  const tables = markdown.matchAll(/^\|.*\|\n\|[-| ]+\|\n((?:\|.*\|\n)*)/gm);
  return [...tables].flatMap(([, rows = ""]) =>
    rows
      .trimEnd()
      .split("\n")
      .map((row) =>
        row
          .slice(1, -1)
          .split("|")
          .map((cell) => cell.trim()),
      ),
  );
}
