// Two live incarnations of one number. Both are used; the person who started them wants to know, once.

import type { HealthEvent } from "./change.ts";
import type { Member } from "./member.ts";

/**
 * Told only when both have been heard since the later one came: a process that was killed and started again within its
 * lease has the number of its former self, which is believed to live and will never be heard again.
 */
export function detectDuplicate(one: Member, other: Member): readonly HealthEvent[] {
  const [earlier, later] = one.joinedAt >= other.joinedAt ? [other, one] : [one, other];
  const bothHeard = Math.min(earlier.lastHeartbeatAt, later.lastHeartbeatAt) >= later.joinedAt;
  if (!bothHeard || later.duplicateReported) return [];
  later.duplicateReported = true;
  return [{ kind: "clash", who: later.who, other: earlier.who }];
}
