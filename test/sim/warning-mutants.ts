// Defects of the warnings between callers, for days with two Markets. mutants.ts has the others.

import { defect, type Mutant } from "./mutant.ts";

export const WARNING_MUTANTS: readonly Mutant[] = [
  defect("who is warned of gets calls", [
    "health/warnings",
    "return $isWarned($member) && $now < ($member.$warning?.$until ?? 0);",
    "return false;",
  ]),
  defect("who is warned of more than half is heeded", [
    "health/warnings",
    "|| 2 * this.$warned.size > $candidates",
    "",
  ]),
  defect("a warning does not end with its lease", ["health/warnings", "$until: $now + $leaseMs,", "$until: Infinity,"]),
  defect("an answer does not end a warning", [
    "health/lateness",
    "return $member.$warning === undefined ? $onTime : [...$onTime, ...this.$warnings.answered($member)];",
    "return $onTime;",
  ]),
  defect("a warning is not taken back", [
    "service/caller-warnings",
    "if (this.$warnedOf.delete($incarnation))",
    "if (false)",
  ]),
  defect("a warning counts although the instance has answered since", [
    "health/warnings",
    "|| $hasAnsweredSince($member, $now - Math.max($quietMs, $MIN_QUIET_MS))",
    "",
  ]),
  defect("one sender warns again and again", ["health/warnings", "$senders.includes($sender) ||", ""]),
  defect("no caller warns another", [
    "service/late-watch",
    "for (const $overdue of $toWarnOf) this.$warnOf($overdue);",
    "",
  ]),
];
