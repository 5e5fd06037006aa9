// Two live incarnations of one number. Both are used; the person who started them wants to know, once.

import type { Change } from "./change.ts";
import type { Member } from "./member.ts";

/**
 * Told only when both have been heard since the later one came: a process that was killed and started again within its
 * lease has the number of its former self, which is believed to live and will never be heard again.
 */
export function noticeClash(one: Member, other: Member): readonly Change[] {
  const [earlier, later] = one.cameAt >= other.cameAt ? [other, one] : [one, other];
  const bothHeard = Math.min(earlier.heardAt, later.heardAt) >= later.cameAt;
  if (!bothHeard || later.clashTold) return [];
  later.clashTold = true;
  return [{ kind: "clash", who: later.who, other: earlier.who }];
}
