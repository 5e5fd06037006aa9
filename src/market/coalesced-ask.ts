// One request of a page, with its span. A shared call belongs to the trace of the page that made it, because a span has
// one parent. Each other page has its own span, which waits for the same answer and links to the call. So the trace of
// a slow page shows what the page waited for.

import type { Answer, ResponseReader } from "../service/answer.ts";
import type { Client } from "../service/client.ts";
import type { Span, Trace } from "../trace/core/trace.ts";
import type { CallCoalescer, CoalescedCall } from "./call-coalescing.ts";

interface CoalescedAskDeps {
  readonly client: Pick<Client, "ask">;
  readonly shared: CallCoalescer;
}

/** Requests the rating of a thing, or joins the call of another page that is at most 10 ms old. */
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

/** @param joined the trace of another page, whose call this one joins */
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
