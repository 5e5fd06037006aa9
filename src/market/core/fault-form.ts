// Parser of the board's fault form. The body is untrusted.

import { isIncarnationId } from "../../bus/core/subjects.ts";
import { type FaultCommand, parseCommand } from "../../service/core/fault-command.ts";
import { SECOND_MS } from "../../util/format.ts";

export interface FaultForm {
  /** Undefined: all instances. */
  readonly target: string | undefined;
  readonly order: FaultCommand;
}

export type ReadFaultForm = ({ readonly kind: "read" } & FaultForm) | { readonly kind: "bad"; readonly why: string };

/** The form has times in seconds and shares in percent. */
const PERCENT = 100;

/** @param body the raw body, `application/x-www-form-urlencoded` */
export function readFaultForm(body: string): ReadFaultForm {
  const fields = new URLSearchParams(body);
  const target = fields.get("target") ?? "";
  if (target !== "" && !isIncarnationId(target)) return bad("the form names no instance");
  const order = parseCommand({
    fault: fields.get("fault"),
    byMs: numberOf(fields.get("byMs")),
    share: numberOf(fields.get("percent")) / PERCENT,
    ...(fields.has("forS") && { forMs: numberOf(fields.get("forS")) * SECOND_MS }),
  });
  if (order.kind === "bad") return bad(order.why);
  if (target === "" && order.kind !== "reset") return bad("only a reset applies to all instances: the form names none");
  return { kind: "read", target: target === "" ? undefined : target, order };
}

/** NaN, which is outside every range, for anything but a plain number. */
const numberOf = (text: string | null): number =>
  /^\d{1,9}(\.\d{1,3})?$/.test(text ?? "") ? Number(text) : Number.NaN;

const bad = (why: string): ReadFaultForm => ({ kind: "bad", why });
