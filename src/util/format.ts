// Numbers and addresses as text. `src/market/web/core/page-format.ts` and `board-view.ts` have their own ages and times:
// browsers load those files, without this one.

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS };

/** 0.42 for 0.4249: the digits of a measured time that mean something. */
export const roundTo2 = (value: number): number => Math.round(value * 100) / 100;

/** `3.4 s` */
export const secondsText = (ms: number): string => `${(ms / SECOND_MS).toFixed(1)} s`;

/** `1 call`, `2 calls` */
export const countWords = (count: number, one: string): string => `${count} ${one}${count === 1 ? "" : "s"}`;

/** The host as an address has it: one with colons, of IPv6, in brackets. */
export const bracketHost = (host: string): string => (host.includes(":") ? `[${host}]` : host);

/** Wildcard addresses of a listener. */
const WILDCARD_HOSTS: readonly string[] = ["0.0.0.0", "::"];

/** The address at which a client of this machine reaches a listener. @param host as it was given to the listener */
export const reachableHost = (host: string): string => (WILDCARD_HOSTS.includes(host) ? "127.0.0.1" : host);

/** `500ms`, `2s`, `1.5m`, `1h`: in ms; undefined for anything else. A bare number could mean any of them. */
export function parseDuration(typed: string): number | undefined {
  const [, amount = "", unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(typed) ?? [];
  const unitMs = UNITS_MS[unit];
  return unitMs === undefined ? undefined : Number(amount) * unitMs;
}

/** `30%`, `2.5%`: as a share, 0.3 and 0.025; undefined for anything else. */
export const parsePercent = (typed: string): number | undefined =>
  /^\d{1,3}(\.\d+)?%$/.test(typed) ? Number.parseFloat(typed) / 100 : undefined;

/** From here on a fraction of a second does not matter. */
const WHOLE_SECONDS_FROM_MS = 10_000;

/** `0.42 ms`, `12 ms`, `3.4 s`, `25 s`, `4 m 10 s`, `3 h 5 m`, `2 d 4 h` */
export function formatDuration(ms: number): string {
  if (ms < 10) return `${roundTo2(Math.max(0, ms))} ms`;
  if (ms < SECOND_MS) return `${Math.round(ms)} ms`;
  if (ms < WHOLE_SECONDS_FROM_MS) return secondsText(ms);
  if (ms < MINUTE_MS) return `${Math.round(ms / SECOND_MS)} s`;
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} m ${Math.floor((ms % MINUTE_MS) / SECOND_MS)} s`;
  if (ms < DAY_MS) return `${Math.floor(ms / HOUR_MS)} h ${Math.floor((ms % HOUR_MS) / MINUTE_MS)} m`;
  return `${Math.floor(ms / DAY_MS)} d ${Math.floor((ms % DAY_MS) / HOUR_MS)} h`;
}
