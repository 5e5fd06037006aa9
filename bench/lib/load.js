// A fixed number of calls in flight for a fixed time: each that ends is followed by the next at once.

const US_PER_MS = 1_000;
const MS_PER_S = 1_000;

/** Processor time of this process so far, in µs. */
export const usedUs = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

/** @returns the number of calls, their rate, and their cost to this process */
export async function load(call, { inFlight, forMs }) {
  const tookMs = [];
  let failed = 0;
  const usedBefore = usedUs();
  const startedAt = performance.now();
  const endsAt = startedAt + forMs;
  const lane = async () => {
    for (let sentAt = performance.now(); sentAt < endsAt; ) {
      try {
        await call();
      } catch {
        failed++;
      }
      const now = performance.now();
      tookMs.push(now - sentAt);
      sentAt = now;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  const seconds = (performance.now() - startedAt) / MS_PER_S;
  const calls = tookMs.length;
  const sorted = Float64Array.from(tookMs).sort();
  return {
    calls,
    failed,
    perSecond: (calls - failed) / seconds,
    p50Us: at(sorted, 0.5) * US_PER_MS,
    p99Us: at(sorted, 0.99) * US_PER_MS,
    callerUs: (usedUs() - usedBefore) / calls,
  };
}

export const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
