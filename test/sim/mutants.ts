// Deliberate defects, each a plausible slip. They are put into a compiled copy of the code, never into the code itself. A
// word that begins with $ stands for any name, so a rename needs no change here (token-patch.ts). The replaced code must
// occur exactly once: a defect that no longer fits is an error.

import { FLEET_MUTANTS } from "./fleet-mutants.ts";
import { LATENESS_MUTANTS } from "./lateness-mutants.ts";
import { defect, type Mutant } from "./mutant.ts";
import { WARNING_MUTANTS } from "./warning-mutants.ts";

export const MUTANTS: readonly Mutant[] = [
  defect("a late answer counts", [
    "health/breaker",
    "export function $afterAnswer($breaker, $sentUnder, $rules) { if ($sentUnder !== $breaker.$epoch) return { $breaker };",
    "export function $afterAnswer($breaker, $sentUnder, $rules) {",
  ]),
  defect("a late failure counts", [
    "health/breaker",
    "export function $afterTimeout($breaker, $sentUnder, $now, $rules, $random) { if ($sentUnder !== $breaker.$epoch) return { $breaker };",
    "export function $afterTimeout($breaker, $sentUnder, $now, $rules, $random) {",
  ]),
  defect("a retest is not leased", [
    "health/tracker",
    "const $events = this.$apply($member, $step);",
    "const $events = [];",
  ]),
  defect(
    "a retest does not wait for its delay",
    ["health/breaker", '$breaker.$kind === "open" && $now >= $breaker.$retestAt', '$breaker.$kind === "open"'],
    ["health/open-breakers", ": $now >= this.$nextDueAt;", ": true;"],
  ),
  defect(
    "a retest that came to nothing stays out",
    [
      "health/breaker",
      'if ($breaker.$kind === "retesting") return { ...$breaker.$open',
      "if (false) return { ...$breaker.$open",
    ],
    ["health/breaker", 'if ($breaker.$kind !== "retesting" || $now < $breaker.$until)', "if (true)"],
  ),
  defect("the delay never doubles", ["health/breaker", "Math.min($delayMs * 2,", "Math.min($delayMs,"]),
  defect("heartbeats close again and again", ["health/breaker", "|| !$opened.$beatCloses", ""]),
  defect("one that beats and does not answer is not guarded", [
    "health/breaker",
    "$wasSilent ? $FULL_SHARE : { $kind",
    "true ? $FULL_SHARE : { $kind",
  ]),
  defect("a call that must not be copied is each retest that is due", [
    "health/balancer",
    "const $mayBeTrial = $isFirstSending($options) && ($picked === undefined || this.$isTrialDue);",
    "const $mayBeTrial = $isFirstSending($options);",
  ]),
  defect("a call that must not be copied goes on as a retest", [
    "health/balancer",
    "const $mayBeTrial = $isFirstSending($options) && ($picked === undefined || this.$isTrialDue);",
    "const $mayBeTrial = $picked === undefined || this.$isTrialDue;",
  ]),
  defect("a paused instance whose retest failed is guarded", [
    "health/breaker",
    "return $open($retesting, $now, { ...$delay, $at, $may },",
    "return $open($retesting, $now, { ...$delay, openedByCallAt: $now, $may },",
  ]),
  defect("any end frees a guarded instance that has more calls", [
    "health/breaker",
    "const $left = Math.max(0, $inFlight - 1);",
    "const $left = 0;",
  ]),
  defect("probation never ends", ["health/breaker", "if ($answersLeft <= 1)", "if ($answersLeft <= -1e9)"]),
  defect(
    "an open breaker gets calls",
    [
      "health/breaker",
      'if ($breaker.$kind !== "probation") return "no";',
      'if ($breaker.$kind !== "probation") return "yes";',
    ],
    ["health/tracker", "$isUp($member) && !$isOpen; this", "$isUp($member); this"],
  ),
  defect("the search for a retest forgets the next one", [
    "health/open-breakers",
    "this.$bound = $nextDueAt; return $due;",
    "this.$bound = Infinity; return $due;",
  ]),
  defect(
    "the cursor is an index",
    ["health/ring", "$last === undefined ? 0 : this.$placeAfter($last)", "$last === undefined ? 0 : $last + 1"],
    [
      "health/balancer",
      "this.#cursors.set(this.#lastOperation, $member.$who);",
      "this.#cursors.set(this.#lastOperation, this.#tracker.ring.all().indexOf($member));",
    ],
    [
      "health/balancer",
      "this.#probeCursor = $member.$who;",
      "this.#probeCursor = this.#tracker.ring.all().indexOf($member);",
    ],
  ),
  defect("a retest moves the cursor", [
    "health/balancer",
    "return { $call, $retests, $probes, $events };",
    "if (retests.length > 0) this.#cursors.set(this.#lastOperation, retests[0].who); return { $call, $retests, $probes, $events };",
  ]),
  defect("a look moves the cursor", [
    "health/balancer",
    "const $picked = this.$pick($now, $options); if ($options.idempotent === false)",
    "const $picked = this.$pick($now, $options); if ($picked !== undefined) this.#cursors.set($options.operation, $picked.who); if ($options.idempotent === false)",
  ]),
  defect("a look at who lives puts off their end", [
    "health/tracker",
    "return this.$ring.$all().filter(($member) => this.$isLive($member, $now));",
    "return this.$ring.$all().filter(($member) => this.$isLive($member, $now) && ($member.leaseUntil += 1));",
  ]),
  defect("leases run on while the bus is away", [
    "health/tracker",
    "if (this.$awaySince !== undefined) return $changes; for (const $member of this.$members.values())",
    "for (const $member of this.$members.values())",
  ]),
  defect("no instance gets time to come back after the bus", [
    "health/tracker",
    "$now < this.$backAt + this.$rules.$reconnectGraceMs && $heardAt < this.$backAt",
    "false",
  ]),
  defect("a new incarnation inherits its number's breaker", [
    "health/tracker",
    "const $member = $newMember($beat, $now, this.$lists.shared($beat.operations));",
    "const $member = $newMember($beat, $now, this.$lists.shared($beat.operations)); for (const other of this.#members.values()) if (other.who.instance === $beat.instance) $member.breaker = other.breaker;",
  ]),
  defect("a goodbye is ignored", ["health/tracker", 'return this.$drain($known, "goodbye");', "return [];"]),
  defect("who comes back gets no turn", ["health/tracker", "this.$reindex($member); if ($wasUp)", "if ($wasUp)"]),
  defect("the gone are never forgotten", [
    "health/tracker",
    "if ($now - $membership.$since >= this.$rules.$purgeAfterMs)",
    "if (false)",
  ]),
  defect("a bus that is away is the instance's fault", [
    "service/attempt",
    'result: "inconclusive", reason: "disconnected"',
    'result: "timeout", reason: "disconnected"',
  ]),
  defect("an answer that is none is a timeout", [
    "service/attempt",
    'result: "invalid", reason: "invalid-response"',
    'result: "timeout", reason: "invalid-response"',
  ]),
  defect("a second instance gets a second timeout", [
    "service/call",
    "const $judgedMs = this.$judgeAt - $ticket.sentAt;",
    "const $judgedMs = this.judgementMs;",
  ]),
  defect(
    "a call without responders does not go on",
    ["service/attempt", 'new Set(["no-responders", "draining",', 'new Set(["draining",'],
    [
      "health/tracker",
      'return $returning ? $NOTHING : this.$lose($member, "no responders", $now);',
      "return $NOTHING;",
    ],
  ),
  defect("an instance that wakes up drops nothing", [
    "service/core/backlog",
    "return $lateMs > 0 && $lateMs <= $backlog.$stalledMs;",
    "return false;",
  ]),
  defect(
    "a handler that throws answers nothing",
    [
      "service/request-handler",
      "$encoded = this.$failed(error, $context);",
      "return void this.$failed(error, $context);",
    ],
    [
      "service/request-handler",
      "this.$finish($received, this.$failed($error, $received.$context))",
      "this.$failed($error, $received.$context)",
    ],
  ),
  defect("a timeout is believed before the sockets are read", [
    "bus/pending",
    "this.$clock.$afterReading(() => {",
    "[0].forEach(() => {",
  ]),
  defect("a reply subject serves again though no answer came", [
    "bus/pending",
    "this.$end($replyTo, $waiting, $reply, false);",
    "this.$end($replyTo, $waiting, $reply, true);",
  ]),
  defect(
    "a reply subject serves whichever address is next",
    [
      "bus/slot-pool",
      "const $address = this.$addressOf(to);",
      'const $address = this.$addressOf(to.replace(/[^.]*$/, ""));',
    ],
    [
      "bus/slot-pool",
      "this.$addressOf($to).$cooling.push($slot);",
      'this.$addressOf($to.replace(/[^.]*$/, "")).$cooling.push($slot);',
    ],
  ),
  defect("a silent bus is never doubted", ["bus/pending", "this.$isDoubted($sentAtMs) ? $AWAY : $TIMEOUT", "$TIMEOUT"]),
  defect("a bus that was late is trusted at once", [
    "bus/ping-monitor",
    "if (this.$lateUntilMs > $sentAtMs)",
    "if (false)",
  ]),
  defect("a stall of our own counts as time", ["clock", "$gapMs > $STALL_MS ? $TICK_MS : $gapMs", "$gapMs"]),
  defect("an instance that sent an invalid answer counts as not called", [
    "service/attempt",
    '...$MAYBE_EXECUTED, ...{ result: "invalid"',
    '...NOT_EXECUTED, ...{ result: "invalid"',
  ]),
  defect("a call that must not be repeated leaves the dead", [
    "service/attempt",
    'if ($end.mayHaveExecuted && !$idempotent) return "no";',
    "",
  ]),
  defect("hedging repeats what must not be repeated", [
    "service/call",
    "this.$request.$idempotent ? this.$context.$hedge : undefined",
    "this.$context.$hedge",
  ]),
  defect("hedging knows no limit", ["service/call", "|| !$hedge.$trySpend()", ""]),
  defect("the second call may go where the first went", ["service/call", ".add($late.$ticket.$who.$incarnation)", ""]),
  defect("who hangs is excused by who helps out", [
    "service/sending",
    "const healthResult = this.$healthResult($end);",
    'const healthResult = this.#call.context.hedge !== undefined && $end.result === "timeout" ? "inconclusive" : this.$healthResult($end);',
  ]),
  defect("what was never sent counts as an answer", [
    "service/attempt",
    '...$NOT_EXECUTED, result: "unsent"',
    '...$NOT_EXECUTED, result: "answered"',
  ]),
  defect("what the server denies is the instance's fault", [
    "service/attempt",
    '...{ result: "denied"',
    '...{ result: "timeout"',
  ]),
  defect("a call that is denied waits for its timeout", [
    "bus/pending",
    "if ($waiting.$subject === $subject) this.$settle($replyTo, $denied);",
    "if (false) this.$settle($replyTo, $denied);",
  ]),
  defect("a check that throws is the instance's fault", [
    "service/attempt",
    '...{ result: "unchecked", error',
    '...{ result: "timeout", error',
  ]),
  defect("a request that cannot be written is thrown at its caller", [
    "service/request",
    'return $notMade("the request cannot be written as JSON", $textOf($error));',
    "throw $error;",
  ]),
  defect("a listener that throws ends whatever called it", [
    "service/guard",
    "catch ($error) { this.$failed($name, $error); } };",
    "catch ($error) { throw $error; } };",
  ]),
  defect("a call that failed on its own side keeps its ticket", [
    "service/sending",
    "this.$settle(healthResult, now);",
    'if (end.kind !== "none" || end.error === undefined) this.$settle(healthResult, now);',
  ]),
  defect("who was sent nothing is trusted", [
    "health/tracker",
    'if ($result === "answered") this.$prove($member);',
    'if ($result === "answered" || $result === "unsent" || $result === "denied") this.$prove($member);',
  ]),
  defect("what is held back waits on after a reset", [
    "faults/injector",
    "for (const $release of [...this.$held]) $release();",
    ";",
  ]),
  defect("a fault without an end is refused", [
    "faults/core/faults",
    "$forMs = $FAULT_LIMITS.$defaultForMs }",
    "$forMs }",
  ]),
  defect("dropped requests are not counted", [
    "service/request-handler",
    "$operation.$stats = { ...$operation.$stats, $dropped: $operation.$stats.$dropped + 1 };",
    ";",
  ]),
  defect("who ends after the goodbye answers a second time", [
    "service/request-handler",
    "if (this.#inFlight.delete($received)) this.$end($received, $encoded);",
    "this.#inFlight.delete($received); if (true) this.$end($received, $encoded);",
  ]),
  defect("an error of the service is not counted as one", [
    "service/sending",
    "$isRefusal = $error !== undefined",
    "$isRefusal = false",
  ]),
  defect("a trace does not travel", [
    "service/sending",
    "const $lines = $trace === undefined ? undefined : this.$carried(this.$span ?? $trace);",
    "const $lines = undefined;",
  ]),
  defect("a caller that gives up takes its ticket along", [
    "service/sending",
    'if (this.$isOver || this.$replyTo === "") return;',
    'this.#onReply({ kind: "cancelled" });',
  ]),
  defect("only a call that goes on reports an invalid answer", [
    "service/sending",
    'if ($end.$result === "invalid") $onEvent(',
    'if ($end.$result === "invalid" && request.idempotent) $onEvent(',
  ]),
  defect("a heartbeat counts for one interval", [
    "health/tracker",
    "$member.$leaseMs = this.$rules.$leaseIntervals * $beat.$intervalMs;",
    "$member.$leaseMs = $beat.$intervalMs;",
  ]),
  defect("a call that is late is sent once more too soon", [
    "health/hedge",
    "Math.min(Math.max($usualMs, $MIN_DELAY_MS), $timeoutMs * $MAX_SHARE)",
    "Math.min(Math.max($usualMs / 2, $MIN_DELAY_MS), $timeoutMs * $MAX_SHARE)",
  ]),
  defect("an old rating is shown as a new one", [
    "market/ratings/rate-page",
    "$ageMs: Math.max(0, $now - at)",
    "$ageMs: 0",
  ]),
  defect("a sender waits for no credit", ["service/stream-sender", "|| !this.$credit.$maySend", ""]),
  defect("a reader grants what it has not taken", [
    "service/core/stream-window",
    "return this.$taken + this.$window;",
    "return this.#received + this.$window;",
  ]),
  defect("a missing item is not noticed", [
    "service/core/stream-window",
    'if ($seq > this.$received + 1) return "lost";',
    "",
  ]),
  defect("a silent sender is waited for", [
    "service/core/stream-window",
    "return $now - this.$aliveAt >= $SENDER_SILENCE_MS;",
    "return false;",
  ]),
  defect("a sender goes on for a reader that is gone", [
    "service/core/stream-credit",
    "return $now - this.$aliveAt >= $READER_SILENCE_MS;",
    "return false;",
  ]),
  defect("a stream outlives its client", ["service/client", "this.#streams.close();", ";"]),
  ...FLEET_MUTANTS,
  ...LATENESS_MUTANTS,
  ...WARNING_MUTANTS,
];
