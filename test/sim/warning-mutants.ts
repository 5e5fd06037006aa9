// Defects of the warnings between callers, for days with two Markets. mutants.ts has the others.

import { defect, type Mutant } from "./mutant.ts";

export const WARNING_MUTANTS: readonly Mutant[] = [
  defect("who is warned of gets calls", [
    "health/balancer",
    "$accepts($member) && !$warnings.$passesOver($member, $now)",
    "$accepts($member)",
  ]),
  defect("who is warned of more than half is heeded", [
    "health/warnings",
    "if ($mayChoose($member) && --$missing === 0) return true; return false;",
    "if ($mayChoose($member) && --$missing === 0) return true; return true;",
  ]),
  defect("a warning does not end with its lease", [
    "health/warnings",
    "$until: $now + $heldMs($member)",
    "$until: Infinity",
  ]),
  defect("an answer does not end a warning", [
    "health/lateness",
    "return [...$onTime, ...this.$warnings.answered($member, $now - $sentAt <= this.$typicalMs($operation), $now)];",
    "return $onTime;",
  ]),
  defect("a slow answer refutes the sender of a warning", [
    "health/lateness",
    "$now - $sentAt <= this.$typicalMs($operation)",
    "true",
  ]),
  defect("the sender is refuted although the breaker had opened", ["health/warnings", "&& !$warning.$hasLeft", ""]),
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
    "$senders.has($sender) || $senders.size >=",
    "$senders.size >=",
  ]),
  defect("a sender that was wrong is heeded", ["health/warnings", "|| this.$isRefuted($sender, $now)", ""]),
  defect("no caller warns another", [
    "service/late-watch",
    "for (const $overdue of $toWarnOf) this.$warnOf($overdue);",
    "",
  ]),
];
