// The server's check of a subject against permissions, for tests of permissions. test/system/secured-refusals.test.ts
// shows that the server does the same.

import type { Permissions } from "../../src/dwc/identity/core/permissions.ts";
import { matches } from "../../src/testing/core/subject-match.ts";

export function mayPublish({ pub }: Permissions, subject: string): boolean {
  const isNamed = (patterns: readonly string[] = []) => patterns.some((pattern) => matches(pattern, subject));
  return isNamed(pub.allow) && !isNamed(pub.deny);
}

/**
 * As in nats-server, a subscription's own wildcards are words like others: `*` is allowed only where any word is. A rule
 * may name a queue group behind its subject: then it holds in that group only.
 */
export function maySubscribe({ sub }: Permissions, subject: string, queue?: string): boolean {
  return sub.allow.some((rule) => {
    const [pattern = "", group] = rule.split(" ");
    return matches(pattern, subject) && (group === undefined || group === queue);
  });
}
