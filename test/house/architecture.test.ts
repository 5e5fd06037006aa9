// The drawing in docs/architecture.md is the one that the code's imports make. UPDATE=1 draws it again.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { compareGenerated } from "../support/generated.ts";
import { repository } from "../support/repository.ts";
import { importsOf } from "./layers.ts";

const test = suite("architecture");
/** Helpers, and files of src that only hold values. Every folder may import them: arrows to them would hide the others. */
const isLoose = (folder: string): boolean => folder === "util" || folder.endsWith(".ts");

type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/** src/market/shop/core/page.ts -> market */
const folderOf = (file: string): string => file.split("/")[1] ?? "";

function graphOf(folder: string): Graph {
  const graph = new Map<string, Set<string>>();
  for (const entry of readdirSync(join(repository, folder), { recursive: true, encoding: "utf8" })) {
    const file = `${folder}/${entry}`;
    if (!file.endsWith(".ts") || isLoose(folderOf(file))) continue;
    const from = folderOf(file);
    const targets = graph.get(from) ?? new Set();
    graph.set(from, targets);
    for (const { path, isType } of importsOf(readFileSync(join(repository, file), "utf8"))) {
      if (isType || !path.startsWith(".")) continue;
      const to = folderOf(normalize(`${dirname(file)}/${path}`));
      if (to !== from && !isLoose(to)) targets.add(to);
    }
  }
  return graph;
}

/** Everything that `from` leads to, itself included. */
function reachable(graph: Graph, from: string, found = new Set<string>()): ReadonlySet<string> {
  if (found.has(from)) return found;
  found.add(from);
  for (const to of graph.get(from) ?? []) reachable(graph, to, found);
  return found;
}

/** Without the arrows that a longer way has already. */
const isDirect = (graph: Graph, from: string, to: string): boolean =>
  ![...(graph.get(from) ?? [])].some((between) => between !== to && reachable(graph, between).has(to));

function drawingOf(graph: Graph): string {
  const arrows = [...graph]
    .sort(([one], [other]) => one.localeCompare(other))
    .flatMap(([from, targets]) =>
      [...targets]
        .filter((to) => isDirect(graph, from, to))
        .sort()
        .map((to) => `  ${from} --> ${to}`),
    );
  return ["```mermaid", "flowchart TD", ...arrows, "```", ""].join("\n");
}

test("the drawing of the layers is that of the imports", () => {
  compareGenerated("docs/architecture.md", "layers", drawingOf(graphOf("src")));
});

test("an arrow that a longer way has is left out", () => {
  const graph = new Map(
    Object.entries({ a: ["b", "c"], b: ["c"], c: [] }).map(([from, to]) => [from, new Set(to)] as const),
  );
  assert.is(drawingOf(graph), "```mermaid\nflowchart TD\n  a --> b\n  b --> c\n```\n");
});

test.run();
