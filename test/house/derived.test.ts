// The lists of faults and of settings in the docs, and the walk of README, are made from the tables of the code. UPDATE=1 writes them.

import { suite } from "uvu";
import { amountOfKind, FAULT_KINDS, FAULT_WORDS, meaningOf, ORDERS } from "../../src/faults/core/faults.ts";
import { SETTINGS } from "../../src/settings.ts";
import { WALK } from "../../src/tour/core/walk.ts";
import { compareGenerated, markdownTable } from "../support/generated.ts";
import { walkPage } from "../support/walk-page.ts";

const test = suite("lists in the docs");

const typed = (word: string): string => {
  const amount = FAULT_KINDS.filter((kind) => kind === word).map((kind) => amountOfKind(kind)?.typed.example);
  return `\`${["bin/dwc fault ratings/2", word, ...amount].filter((part) => part !== undefined).join(" ")}\``;
};

test("the commands for faults", () => {
  compareGenerated(
    "docs/commands.md",
    "faults",
    markdownTable(
      ["type", "what happens, until it ends"],
      [
        ...FAULT_WORDS.map((word) => [typed(word), meaningOf(word)]),
        ["`bin/dwc fault`", "which faults are active, and where"],
        [
          "`bin/dwc fault reset`",
          `${meaningOf("reset")}; \`bin/dwc fault reset ratings/2\` ends those of one instance`,
        ],
      ],
    ),
  );
});

test("the faults on the wire", () => {
  const withAmount = (kind: (typeof FAULT_KINDS)[number]): string => {
    const amount = amountOfKind(kind);
    return amount === undefined
      ? ""
      : `\`${amount.field}\`, a ${amount.isWhole ? "whole " : ""}number from ${amount.min} to ${amount.max}`;
  };
  const orders = Object.keys(ORDERS) as (keyof typeof ORDERS)[];
  compareGenerated(
    "docs/protocol.md",
    "faults",
    markdownTable(
      ["`fault`", "with", "what happens"],
      [
        ...FAULT_KINDS.map((kind) => [`\`${kind}\``, withAmount(kind), meaningOf(kind)]),
        ...orders.map((order) => [`\`${order}\``, "", meaningOf(order)]),
      ],
    ),
  );
});

test("the walk of README", () => {
  compareGenerated("README.md", "walk", walkPage(WALK));
});

test("the settings", () => {
  const code = (value: string): string => (value === "" ? "" : `\`${value}\``);
  compareGenerated(
    "docs/settings.md",
    "settings",
    markdownTable(
      ["name", "default", "range", "meaning"],
      SETTINGS.map(({ name, default: preset, range, meaning }) => [code(name), code(preset), range, meaning]),
    ),
  );
});

test.run();
