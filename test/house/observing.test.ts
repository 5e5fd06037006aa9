// The tables of docs/observing.md are made from the tables of the code. UPDATE=1 writes them again.

import { suite } from "uvu";
import type { MetricRow } from "../../src/metrics/core/exposition.ts";
import { OUTCOMES, SHORT_CIRCUITED } from "../../src/metrics/core/outcomes.ts";
import { PUBLISHED_EVENTS } from "../../src/monitor/events.ts";
import { INSTANCE_METRICS, MARKET_METRICS } from "../../src/monitor/metrics.ts";
import { STATE_NAMES, STATES } from "../../src/monitor/states.ts";
import { PROGRAM_EVENTS } from "../../src/program/core/program-events.ts";
import { INSTANCE_EVENTS } from "../../src/ratings/core/lines.ts";
import { compareGenerated, markdownTable } from "../support/generated.ts";

const test = suite("observing");

interface Named {
  readonly name: string;
  readonly meaning: string;
}

const code = (text: string): string => `\`${text}\``;
const meanings = (head: string, rows: readonly Named[]): string =>
  markdownTable(
    [head, "meaning"],
    rows.map(({ name, meaning }) => [code(name), meaning]),
  );

/** Two metrics are on both. */
const METRICS = new Map<string, MetricRow>([...MARKET_METRICS, ...INSTANCE_METRICS].map((row) => [row.name, row]));

const metricTable = (): string =>
  markdownTable(
    ["metric", "type", "labels", "meaning"],
    [...METRICS.values()].map(({ name, type, labels, meaning }) => [
      code(name),
      type,
      labels.map(code).join(", "),
      meaning,
    ]),
  );

const TABLES: Readonly<Record<string, () => string>> = {
  states: () =>
    markdownTable(
      ["state", "on the board", "in a terminal", "meaning"],
      STATE_NAMES.map((state) => {
        const { label, glyph, word, terminalGlyph, meaning } = STATES[state];
        return [code(state), `${glyph} ${label}`, `${terminalGlyph} ${word}`, meaning];
      }),
    ),
  events: () => meanings("event", PUBLISHED_EVENTS),
  metrics: metricTable,
  outcomes: () => meanings("outcome", [...OUTCOMES, SHORT_CIRCUITED]),
  "program events": () =>
    meanings("event", [
      ...Object.entries(PROGRAM_EVENTS).map(([name, { meaning }]) => ({ name, meaning })),
      ...Object.values(INSTANCE_EVENTS),
    ]),
};

for (const [name, make] of Object.entries(TABLES))
  test(`the table of ${name} is that of the code`, () => compareGenerated("docs/observing.md", name, make()));

test.run();
