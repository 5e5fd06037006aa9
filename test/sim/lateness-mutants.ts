// Defects of lateness and of the question to a late instance. mutants.ts has the others.

import { defect, type Mutant } from "./mutant.ts";

export const LATENESS_MUTANTS: readonly Mutant[] = [
  defect("who is late gets calls", ["health/balancer", "!$isLate($member) &&", ""]),
  defect("a call of before its breaker opened is owed again", [
    "health/lateness",
    "if ($isOfEarlierState($ticket)) return $NO_EVENTS;",
    "",
  ]),
  defect("an answer does not end lateness", [
    "health/lateness",
    '$debt.$lateSince = undefined; return [{ kind: "on-time"',
    'return [{ kind: "on-time"',
  ]),
  defect("an answer does not begin the time again", [
    "health/lateness",
    "$debt.$answeredAt = $now; if ($debt.$lateSince === undefined)",
    "if ($debt.$lateSince === undefined)",
  ]),
  defect("an answer that took too long ends lateness", [
    "health/lateness",
    "if ($isTooLate) { $debt.$answeredTooLateAt = $now; return $NO_EVENTS; }",
    "",
  ]),
  defect("an answer that took too long begins the time again", [
    "health/lateness",
    "if ($isTooLate) { $debt.$answeredTooLateAt = $now; return $NO_EVENTS; }",
    "if ($isTooLate) { $debt.answeredAt = $now; return $NO_EVENTS; }",
  ]),
  defect("no instance is found late", [
    "service/late-watch",
    "if ($found.areOwed || this.$gone.size > 0) this.$start();",
    "if (false) this.$start();",
  ]),
  defect("a slow operation makes its instance late", [
    "health/lateness",
    "if ($p99Ms >= $maxMs && $p99Ms >= $MIN) return undefined;",
    "",
  ]),
  defect("a slow instance excuses itself", [
    "health/operation-times",
    "$figures[($figures.length - 1) >> 1]",
    "$figures[$figures.length - 1]",
  ]),
  defect("what was owed before the breaker changed counts", [
    "health/tracker",
    '$next.$kind === "closed" && $kind === "probation" ? $member : $forgive($member)',
    "$member",
  ]),
  defect("the end of a probation forgives what is owed", [
    "health/tracker",
    '$next.$kind === "closed" && $kind === "probation" ? $member : $forgive($member)',
    "$forgive($member)",
  ]),
  defect("the answer to the last call does not end lateness", [
    "health/debt",
    "? $ticket === $debt.$last :",
    "? false :",
  ]),
  defect("a late instance is not asked if it is there", [
    "service/late-watch",
    "if ($ticket !== undefined) this.$send($ticket)",
    "",
  ]),
  defect("the answer that it is dead is lost", [
    "service/late-watch",
    '$isDead ? "no-responders" : "inconclusive"',
    '"inconclusive"',
  ]),
  defect("who is late is spared for ever", ["health/debt", "if ($debt.$owes === 0) $debt.$lateSince = undefined;", ""]),
];
