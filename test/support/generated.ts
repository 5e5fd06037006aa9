// Parts of pages that are made from the code, between two comments: `<!-- NAME: begin -->` and `<!-- NAME: end -->`. A test
// compares such a part with what the code makes; UPDATE=1 writes it.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { PAGES } from "./readme.ts";
import { repository } from "./repository.ts";

/** @param text ends with a line break */
export function compareGenerated(page: (typeof PAGES)[number], name: string, text: string): void {
  const file = join(repository, page);
  const [begin, end] = [`<!-- ${name}: begin -->\n`, `<!-- ${name}: end -->`];
  const whole = readFileSync(file, "utf8");
  const [from, to] = [whole.indexOf(begin) + begin.length, whole.indexOf(end)];
  assert.ok(from >= begin.length && to >= from, `${page} has no ${begin.trim()} … ${end}`);
  if (process.env["UPDATE"] === "1") writeFileSync(file, whole.slice(0, from) + text + whole.slice(to));
  else assert.is(whole.slice(from, to), text, `${page} differs from the code in "${name}": UPDATE=1 writes it`);
}

export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |\n`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("");
}
