// Defects of the warnings between callers, for days with two Markets. mutants.ts has the others.

import { defect, type Mutant } from "./mutant.ts";

export const WARNING_MUTANTS: readonly Mutant[] = [
  defect("who is warned of gets calls", [
    "health/balancer",
    "$accepts($member) && !$isPassedOver($member)",
    "$accepts($member)",
  ]),
  defect("who is warned of more than half is heeded", [
    "health/most-warned",
    "return 2 * $warned > $members;",
    "return false;",
  ]),
  defect("a warning does not end with its lease", [
    "health/warnings",
    "$until: $now + $heldMs($member)",
    "$until: Infinity",
  ]),
  defect("an answer does not end a warning", [
    "health/lateness",
    "return [...$events, ...this.$warnings.answered($member, $now - $sentAt <= $typicalMs, $now)];",
    "return $events;",
  ]),
  defect("a slow answer refutes the sender of a warning", ["health/lateness", "$now - $sentAt <= $typicalMs", "true"]),
  defect("the sender is refuted although the breaker had opened", [
    "health/warnings",
    '$ended($claim, "excused")',
    "$claim",
  ]),
  defect("a warning is not taken back", [
    "service/caller-warnings",
    "if (this.$warnedOf.delete($incarnation)) this",
    "if (false) this",
  ]),
  defect("a warning counts although the instance has answered since", [
    "health/warnings",
    "|| $hasAnsweredSince($member, $now - Math.max($quietMs, $MIN_QUIET_MS))",
    "",
  ]),
  defect("one sender warns again and again", [
    "health/warnings",
    "$claims.has($sender) || $claims.size >=",
    "$claims.size >=",
  ]),
  defect("a sender that was wrong is heeded", [
    "health/warnings",
    "$claims.size >= $MAX || this.$isRefuted($sender, $now)",
    "$claims.size >= $MAX",
  ]),
  defect("no caller warns another", [
    "service/late-watch",
    'for (const $overdue of $found.toWarnOf) $guard.$run("core", () => this.$warnOf($overdue), undefined);',
    "",
  ]),
];
