// One question of a page, with its place in the page's trace. A call that several pages share is a part of the page that
// made it, and can be no part of the others: a span has one parent. Each of them has a span of its own that waits for the
// same answer and links to the call, so that whoever looks at a slow page finds what it waited for.

import type { Answer, ResponseReader } from "../service/answer.ts";
import type { Client } from "../service/client.ts";
import type { Span, Trace } from "../trace/core/trace.ts";
import type { CallCoalescer, CoalescedCall } from "./call-coalescing.ts";

interface CoalescedAskDeps {
  readonly client: Pick<Client, "ask">;
  readonly shared: CallCoalescer;
}

/** Asks for the rating of a thing, or joins a page that has just asked. */
export function askCoalesced(
  thingID: string,
  read: ResponseReader<number>,
  { client, shared }: CoalescedAskDeps,
  trace: Trace | undefined,
): Promise<Answer<number>> {
  const make = (within: Trace | undefined): CoalescedCall => ({
    trace: within,
    answer: client.ask({ thingID }, { read, trace: within }),
  });
  if (trace?.startSpan === undefined) return shared.ask(thingID, () => make(trace)).answer;
  let own: Span | undefined;
  const { answer, trace: made } = shared.ask(thingID, () => {
    own = startAskSpan(trace, thingID);
    return make(own ?? trace);
  });
  const span = own ?? startAskSpan(trace, thingID, made);
  if (span !== undefined) void answer.then((ended) => endAskSpan(span, ended));
  return answer;
}

/** @param joined of another page */
function startAskSpan(trace: Trace, thingID: string, joined?: Trace): Span | undefined {
  const attributes = { "dwc.thing": thingID, "dwc.shared": joined !== undefined };
  return trace.startSpan?.({
    name: "ask ratings",
    kind: "internal",
    attributes,
    links: joined === undefined ? [] : [joined],
  });
}

function endAskSpan(span: Span, answer: Answer): void {
  if (answer.kind === "unanswered" || answer.kind === "failed") span.end(answer.why);
  else span.end(errorOf(answer), { "dwc.instance": answer.who.instance });
}

function errorOf(answer: Exclude<Answer, { kind: "unanswered" | "failed" }>): string | undefined {
  switch (answer.kind) {
    case "answered":
      return undefined;
    case "invalid":
      return "invalid response";
    case "refused":
      return String(answer.code);
  }
}
