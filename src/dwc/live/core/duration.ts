// Parses and formats durations.

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** `500ms`, `2s`, `1.5m`, `1h`: in ms; undefined for anything else. A bare number could mean any of them. */
export function parseDuration(typed: string): number | undefined {
  const [, amount = "", unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(typed) ?? [];
  const unitMs = UNITS_MS[unit];
  return unitMs === undefined ? undefined : Number(amount) * unitMs;
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** From here on a fraction of a second does not matter. */
const WHOLE_SECONDS_FROM_MS = 10_000;

/** `0.42 ms`, `12 ms`, `3.4 s`, `25 s`, `4 m 10 s`, `3 h 5 m`, `2 d 4 h` */
export function formatDuration(ms: number): string {
  if (ms < 10) return `${Math.round(Math.max(0, ms) * 100) / 100} ms`;
  if (ms < SECOND_MS) return `${Math.round(ms)} ms`;
  if (ms < WHOLE_SECONDS_FROM_MS) return `${(ms / SECOND_MS).toFixed(1)} s`;
  if (ms < MINUTE_MS) return `${Math.round(ms / SECOND_MS)} s`;
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} m ${Math.floor((ms % MINUTE_MS) / SECOND_MS)} s`;
  if (ms < DAY_MS) return `${Math.floor(ms / HOUR_MS)} h ${Math.floor((ms % HOUR_MS) / MINUTE_MS)} m`;
  return `${Math.floor(ms / DAY_MS)} d ${Math.floor((ms % DAY_MS) / HOUR_MS)} h`;
}
