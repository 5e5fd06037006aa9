// The calls that are out, by incarnation. A process that was killed in the middle of a call never answers it, and the
// call alone cannot know: it would wait for its whole time. Another call finds out in a millisecond that nobody serves
// that address any more; from it all that were sent there before learn to go elsewhere.

import type { Reply } from "../bus/bus.ts";

const NOBODY: Reply = { kind: "nobody" };

/** Told once how a call ended, and whether its instance was found dead while it was out. */
export type CallEnd = (reply: Reply, isOrphan: boolean) => void;

/** One call that is out. */
export class Call {
  readonly incarnation: string;
  /** A call that must not reach two instances waits for its reply all the same: the dead process may have done it. */
  readonly waits: boolean;
  readonly end: CallEnd;
  state: "out" | "orphan" | "ended" = "out";

  constructor(incarnation: string, waits: boolean, end: CallEnd) {
    this.incarnation = incarnation;
    this.waits = waits;
    this.end = end;
  }
}

export class Underway {
  readonly #calls = new Map<string, Set<Call>>();

  /** A call is being sent to that incarnation; `end` is called when it is answered, or at once when that is dead. */
  add(incarnation: string, waits: boolean, end: CallEnd): Call {
    const call = new Call(incarnation, waits, end);
    const calls = this.#calls.get(incarnation);
    if (calls === undefined) this.#calls.set(incarnation, new Set([call]));
    else calls.add(call);
    return call;
  }

  /** Its reply has come. */
  answered(call: Call, reply: Reply): void {
    const calls = this.#calls.get(call.incarnation);
    if (calls?.delete(call) && calls.size === 0) this.#calls.delete(call.incarnation);
    end(call, reply);
  }

  /** That process is dead: nobody there will answer what is out. */
  giveUp(incarnation: string): void {
    const calls = this.#calls.get(incarnation);
    this.#calls.delete(incarnation);
    for (const call of calls ?? []) {
      call.state = "orphan";
      if (!call.waits) end(call, NOBODY);
    }
  }
}

/** The first reply counts. */
function end(call: Call, reply: Reply): void {
  const { state } = call;
  if (state === "ended") return;
  call.state = "ended";
  call.end(reply, state === "orphan");
}
