// Defects that the drills of a fleet are for: operations, the time of calls, limits. mutants.ts has the others.

import { defect, type Mutant } from "./mutant.ts";

export const FLEET_MUTANTS: readonly Mutant[] = [
  defect("only calls of the first operation are kept from being copied", [
    "service/call",
    "const $idempotent = this.$request.$idempotent &&",
    'const $idempotent = (this.$request.$idempotent || this.$request.operation !== "get") &&',
  ]),
  defect("who lacks an operation gets its calls", [
    "health/balancer",
    "($operation === undefined || $member.$operations.includes($operation)) && !$excluded",
    "!$excluded",
  ]),
  defect("a call that is given up counts as not executed", [
    "service/call-history",
    "this.$mayHaveExecuted || this.$out > 0;",
    "this.$mayHaveExecuted;",
  ]),
  defect("a call that loses its bus counts as not executed", [
    "service/attempt",
    '...$MAYBE_EXECUTED, result: "inconclusive", reason: "disconnected"',
    '...NOT_EXECUTED, result: "inconclusive", reason: "disconnected"',
  ]),
  defect("each service of a chain has all the time again", [
    "service/call",
    "Math.min($ownMs, $inherited.leftMs($clock.wall()))",
    "$ownMs",
  ]),
  defect("a caller's time stands still while its instance is stopped", [
    "service/request-handler",
    "return $ranMs + this.$stalledMs;",
    "return $ranMs;",
  ]),
  defect("a call does not end with the request that it is made within", [
    "service/client",
    "[$request.signal, $request.$inherited?.signal]",
    "[$request.signal]",
  ]),
  defect("a caller that gives up does not cancel its request", [
    "service/sending",
    "if (!$cancelRuns.$mayCancel(this.$subject)) return;",
    "return;",
  ]),
  defect("an instance is judged by what its caller has left", [
    "service/call",
    "const $judgedMs = this.$judgeAt - $ticket.sentAt;",
    "const $judgedMs = this.#endsAt - $ticket.sentAt;",
  ]),
  defect("an instance is judged by a timeout that is very short", [
    "health/judgement",
    "$timeoutMs === undefined ? $requestTimeoutMs : Math.max($timeoutMs, Math.min($MIN_JUDGEMENT_MS, $requestTimeoutMs))",
    "$timeoutMs ?? $requestTimeoutMs",
  ]),
  defect("who stops for its caller is too slow", [
    "service/sending",
    'if (this.$stoppedByCancel($end)) return "inconclusive";',
    'if ($end.code !== undefined) return "timeout";',
  ]),
  defect("each attempt that is given up is cancelled", [
    "service/core/cancel-runs",
    "if ($run.$cancelled < $MAX_IN_A_ROW) {",
    "if (true) {",
  ]),
  defect("who is overloaded counts as leaving", [
    "service/attempt",
    "return { ...($hasBegun($body) ? $HAD_BEGUN : $NO_ROOM), $retryAfterMs: $retryAfterOf($body) };",
    "return LEAVING;",
  ]),
  defect("going on after an overload is free", [
    "service/attempt",
    'return $end.result === "overloaded" ? "paid" : "free";',
    'return "free";',
  ]),
  defect("a limit lets one more in", [
    "service/core/admission",
    "return this.$slots.size < this.$limit.concurrent;",
    "return this.$slots.size <= this.$limit.concurrent;",
  ]),
  defect("what cannot be answered in time is refused at its turn", [
    "service/request-limiter",
    "this.#refuseLate(this.#options.now());",
    ";",
  ]),
  defect("what is cancelled while it waits is begun", [
    "service/request-handler",
    "if ($inFlight === undefined) this.$limiter?.cancel($replyTo);",
    "if ($inFlight === undefined) return;",
  ]),
];
