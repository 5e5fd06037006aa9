// The results of the calls during a fault.

const BOTH = [1, 2];
const MS_PER_S = 1_000;
const DECIMALS = 1;
const PERCENT = 100;
/** As text. */
const NEVER = undefined;

/** The instance that the faults are for. */
const VICTIM = 2;

/**
 * @param calls each with sentAt, and by (the instance that answered) or error; neither: it never ended
 * @returns how many failed from the fault on, until when, and how long after the fault both were used again
 */
export function judge(calls, { beganAt, repairAt, overAt }, { setting, isCalm } = {}) {
  const since = calls.filter(({ sentAt, endedAt }) => sentAt >= beganAt || endedAt === undefined || endedAt >= beganAt);
  const failed = since.filter(({ by }) => by === undefined);
  const during = failed.filter(({ sentAt }) => sentAt < overAt);
  const sentDuring = since.filter(({ sentAt }) => sentAt < repairAt);
  return {
    calls: since.length,
    failed: failed.length,
    failedAfter: failed.length - during.length,
    noticedMs: noticedMs(sentDuring, beganAt, wellAgain(setting)),
    victimShare: sentDuring.filter(({ by }) => by === VICTIM).length / Math.max(1, sentDuring.length),
    medianMs: medianMs(sentDuring),
    ...(isCalm ? { isCalm } : { recoveredMs: recoveredMs(since, overAt) }),
    errors: [...new Set(failed.map(({ error }) => error ?? "never ended"))].slice(0, 3),
  };
}

/** Of the answered calls that were not made to take long. */
function medianMs(sent) {
  const took = sent
    .filter(({ by, isSlow }) => by !== undefined && !isSlow)
    .map(({ sentAt, endedAt }) => endedAt - sentAt);
  return took.sort((a, b) => a - b)[Math.floor(took.length / 2)];
}

/** The time of the last call that failed, or hung until the fault was over; undefined when calls failed to its end. */
function noticedMs(sent, beganAt, enough) {
  const isHung = ({ isSlow, sentAt, endedAt }) => !isSlow && endedAt - sentAt > HUNG_MS;
  const last = sent.findLast((call) => call.by === undefined || isHung(call));
  if (last === undefined) return 0;
  const wellAfter = sent.filter(({ sentAt }) => sentAt > last.sentAt);
  return wellAfter.length < enough ? NEVER : last.sentAt - beganAt;
}

/** A call that took longer than this was not answered by a healthy instance. */
const HUNG_MS = 500;
/** A run of good calls of so long. A shorter one may be calls that were waiting when the repair came. */
const WELL_AGAIN_MS = 2_000;
const wellAgain = ({ callers = 1, everyMs = 20, burst = 1 } = {}) => (WELL_AGAIN_MS / everyMs) * callers * burst;

function recoveredMs(calls, overAt) {
  const firsts = BOTH.map((number) =>
    calls.find(({ by, sentAt, endedAt }) => by === number && sentAt >= overAt && endedAt >= overAt),
  );
  return firsts.includes(undefined) ? NEVER : Math.max(0, ...firsts.map(({ endedAt }) => endedAt - overAt));
}

export function scoreTable(scores) {
  const seconds = (ms, never) => (ms === NEVER ? never : `${(ms / MS_PER_S).toFixed(DECIMALS)} s`);
  const rows = scores.map(
    ({
      fault,
      contestant,
      calls,
      failed,
      victimShare,
      medianMs: median,
      noticedMs: noticed,
      recoveredMs: recovered,
      isCalm,
    }) =>
      `| ${[
        ...[fault, contestant, `${failed} of ${calls}`, `${(victimShare * PERCENT).toFixed(DECIMALS)} %`],
        median === undefined ? "–" : `${median} ms`,
        ...[seconds(noticed, "not while it lasted"), isCalm ? "–" : seconds(recovered, "not within the watch")],
      ].join(" | ")} |`,
  );
  const head =
    "| fault | contestant | failed | answered by instance 2 meanwhile | median of the answers | noticed | recovered |";
  return [head, "| --- | --- | --- | --- | --- | --- | --- |", ...rows].join("\n");
}
