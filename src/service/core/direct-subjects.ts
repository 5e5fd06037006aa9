// The subjects that the calls of one client go to, each written once.
//
// A check and two tables read the subject of every call. For a text that was just put together V8 first copies its
// parts and computes its hash: that takes 0.2 µs in all, and 0.06 µs with a text that is kept.

import { directSubject } from "../../bus/core/subjects.ts";
import type { InstanceRef } from "../../health/member.ts";

export class DirectSubjects {
  /** By operation. Those of an incarnation go with its row in the tracker. */
  readonly #byInstance = new WeakMap<InstanceRef, Map<string, string>>();

  /** @param who the same object for each call to the incarnation */
  of(who: InstanceRef, operation: string): string {
    const known = this.#byInstance.get(who)?.get(operation);
    return known ?? this.#write(who, operation);
  }

  /** Those of the calls to this incarnation so far. */
  allOf(who: InstanceRef): readonly string[] {
    return [...(this.#byInstance.get(who)?.values() ?? [])];
  }

  #write(who: InstanceRef, operation: string): string {
    const subject = directSubject(who.service, who.incarnation, operation);
    const others = this.#byInstance.get(who);
    if (others === undefined) this.#byInstance.set(who, new Map([[operation, subject]]));
    else others.set(operation, subject);
    return subject;
  }
}
