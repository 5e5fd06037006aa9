// `dwc check`: checks everything that could be wrong, and prints the command that fixes it.

import type { Command } from "../../core/command.ts";
import { evaluateChecks } from "./check-rules.ts";
import { findingJson, findingLines, GRADES, worstOf } from "./finding.ts";
import { MARKET_OPTION, wrongMarket } from "./market-option.ts";
import { availableWidth } from "./table.ts";

export const check: Command = {
  name: "check",
  isLive: true,
  summary: "what is wrong: bus, identity, instances, Market, versions; and what to type",
  about: [
    "Exit code as monitoring has it: 0 fine, 1 warning, 2 critical, 3 unknown, which is also that of wrong usage.",
    "It changes nothing, and takes 3 s at most; of a slow bus each answer is waited for as long as by push.",
  ],
  failsWith: 3,
  args: [],
  options: [MARKET_OPTION],
  example: "bin/dwc check",
  run: async (call, world) => {
    const wrong = wrongMarket(call.values.get("market"));
    if (wrong !== undefined) return wrong;
    const findings = evaluateChecks(await world.live.collectFacts(call.values.get("market")));
    const worst = worstOf(findings);
    return {
      kind: "done",
      lines: findingLines(findings, availableWidth(world.screen)),
      notes: [],
      json: { grade: worst, findings: findings.map(findingJson) },
      exitCode: GRADES[worst].exitCode,
      ifUnwritten: "read-only",
    };
  },
};
