// `dwc fault ratings/2 pause --for 20s`: injects a fault into an instance that was started with CHAOS=1. The instance
// ends the fault by itself, as this command and the terminal may be gone by then.

import { type FaultStatus, faultText } from "../../../service/core/fault-status.ts";
import type { FaultReceiver } from "../../../service/fault-client.ts";
import type { Command } from "../../core/command.ts";
import type { CommandResult, Failed, IfUnwritten, Line } from "../../core/outcome.ts";
import { shellWord } from "../../identity/core/names.ts";
import { failedVisit, warningsJson, warningsOf } from "./bus-errors.ts";
import type { Connected } from "./bus-result.ts";
import { endsText, parseFaultArgs, RESET } from "./fault-args.ts";
import { nameOf } from "./instance-name.ts";
import type { FaultReport, FaultRequest } from "./live-types.ts";
import { isOwnMake, OWN_SERVICE, startAgain } from "./start-hint.ts";
import { availableWidth, table } from "./table.ts";

export const fault: Command = {
  name: "fault",
  isLive: true,
  summary: "a fault on purpose, with an end: pause, slow, fail, mute, kill; and the reset of all",
  about: [
    "Of instances that were started with CHAOS=1. On a secured bus only an admin may ask. A fault ends by itself, after a",
    "minute unless --for says when (10m at most), even if this command has ended. Without a FAULT: what is on now.",
    "  pause           it stands still, as after kill -STOP       slow 300ms      its answers come so much later",
    "  fail 30%        that share of its answers are errors       mute            it sends no heartbeats",
    "  kill            as kill -9: its end is a new start         reset [WHO]     instead of WHO: everything ends now",
  ],
  args: [
    { name: "WHO", meaning: "an instance, such as ratings/2; or reset; left out: ratings", isOptional: true },
    {
      name: "FAULT",
      meaning: "pause, slow, fail, mute or kill; behind reset: a service or an instance",
      isOptional: true,
    },
    { name: "AMOUNT", meaning: "of slow a time, such as 300ms; of fail a share, such as 30%", isOptional: true },
  ],
  options: [{ name: "for", value: "TIME", meaning: "when it ends, such as 20s or 5m; else after 60s" }],
  example: "bin/dwc fault ratings/2 pause --for 20s",
  run: async ({ args, values }, world) => {
    const request = parseFaultArgs(args, values.get("for"));
    if ("kind" in request) return request;
    const result = await world.live.fault(request);
    return result.kind === "not-connected"
      ? failedVisit(result)
      : outcomeOf(request, result, availableWidth(world.screen));
  },
};

function outcomeOf(request: FaultRequest, result: Connected<FaultReport>, room: number): CommandResult {
  const { value: report } = result;
  const [warnings, inJson] = [warningsOf(result), warningsJson(result)];
  const wrong = whyNot(request, report);
  if (wrong !== undefined) return { ...wrong, notes: warnings, details: { ...wrong.details, ...inJson } };
  const { takers } = report;
  return {
    kind: "done",
    lines: takers.length === 0 ? [] : receiversTable(takers, room),
    notes: [...nextSteps(request, takers), ...warnings],
    json: {
      asked: request.order.kind === "begin" ? request.order.fault.kind : request.order.kind,
      instances: takers.map(takerJson),
      ...inJson,
    },
    ifUnwritten: request.order.kind === "list" ? "read-only" : done(request),
  };
}

const done = ({ service }: FaultRequest): IfUnwritten => ({
  effect: "the fault command was carried out nevertheless",
  again: `to see what is on:  bin/dwc fault ${service}`,
});

function nextSteps({ service, order }: FaultRequest, takers: readonly FaultReceiver[]): readonly string[] {
  const [taker] = takers;
  if (taker === undefined) return [`no instance of ${service} takes faults: ${startTakers(service)}`];
  if (order.kind === "kill") {
    const start = startAgain(service, taker);
    return [`${nameOf(taker)} is killed. Next:  ${isOwnMake(service, taker) ? `CHAOS=1 ${start}` : start}`];
  }
  if (order.kind !== "begin") return [];
  return [`it ends by itself; sooner with  bin/dwc fault ${RESET} ${nameOf(taker)}`];
}

const startTakers = (service: string): string =>
  service === OWN_SERVICE
    ? "to start three that do, type  CHAOS=1 make startRatings COUNT=3"
    : `start one of ${service} that does`;

function receiversTable(takers: readonly FaultReceiver[], room: number): readonly Line[] {
  return table(
    [{ head: "INSTANCE" }, { head: "FAULTS" }, { head: "INCARNATION", dropPriority: 1 }],
    takers.map((taker) => ({
      cells: [nameOf(taker), taker.faults.map(noteText).join("; ") || "none", taker.incarnation],
      tone: taker.faults.length > 0 ? "warning" : undefined,
    })),
    room,
  );
}

const noteText = (note: FaultStatus): string => `${faultText(note)}, ${endsText(note.endsInMs)}`;

const takerJson = ({ service, instance, incarnation, faults }: FaultReceiver): object => ({
  ...{ service, instance, incarnation },
  faults: faults.map((note) => ({
    fault: note.kind,
    ...(note.kind === "slow" && { by_ms: note.byMs }),
    ...(note.kind === "fail" && { share: note.share }),
    ends_in_ms: note.endsInMs,
  })),
});

// Reasons why a fault was not injected.

function whyNot({ service, target, order }: FaultRequest, report: FaultReport): Failed | undefined {
  if (!report.mayAsk) return notAllowed(report.holder);
  if (target === undefined) return undefined;
  const { meant, reply } = report;
  const name = `${service}/${target.incarnation ?? target.instance}`;
  if (meant.length === 0) return unknown(service, name, report);
  if (order.kind !== "reset" && meant.length > 1) return several(name, meant);
  switch (reply?.kind) {
    case undefined:
    case "done":
      return undefined;
    case "refused":
      return failed("refused", `${name} refused it: ${reply.why}`, "what is on:  bin/dwc fault");
    case "unanswered":
      return failed("no-answer", `${name} does not answer (${reply.why})`, "which instances run:  bin/dwc ps");
  }
}

function unknown(service: string, name: string, { others }: FaultReport): Failed {
  if (others.length === 0)
    return failed("faults-not-enabled", `no instance of ${service} takes faults`, startTakers(service));
  const names = others.map(nameOf).join(", ");
  return failed("unknown-instance", `${name} takes no faults, or is not there`, `there are:  ${names}`);
}

const several = (name: string, meant: readonly FaultReceiver[]): Failed =>
  failed(
    "several-processes",
    `${name} is more than one process`,
    `say which:  ${meant.map(({ service, incarnation }) => `${service}/${incarnation}`).join("  or  ")}`,
  );

const notAllowed = (holder: string): Failed =>
  failed(
    "not-allowed",
    `on this bus only admins may ask for faults, and the credentials of ${holder} are no admin's`,
    holder.includes("@")
      ? `ask its owner for:  bin/dwc revoke ${shellWord(holder)}  and then  bin/dwc invite-user ${shellWord(holder)} --admin`
      : "ask its owner for:  bin/dwc invite-user EMAIL --admin",
  );

const failed = (code: string, message: string, hint: string): Failed => ({
  kind: "failed",
  category: "failed",
  ...{ code, message, hint },
});
