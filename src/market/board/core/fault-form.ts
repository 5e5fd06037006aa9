// Parser of the board's fault form. The body is untrusted.

import {
  amountOfKind,
  FAULT_KINDS,
  FAULT_LIMITS,
  FAULTS,
  type FaultCommand,
  isIncarnationId,
  parseFaultCommand,
} from "../../../protocol.ts";
import { SECOND_MS } from "../../../util/format.ts";

/** What the board's form offers: one entry for each fault, with its input if it has an amount. Times are in seconds. */
export const FAULT_FORM = {
  seconds: {
    min: FAULT_LIMITS.minForMs / SECOND_MS,
    max: FAULT_LIMITS.maxForMs / SECOND_MS,
    preset: FAULT_LIMITS.defaultForMs / SECOND_MS,
  },
  faults: FAULT_KINDS.map((kind) => {
    const amount = amountOfKind(kind);
    const { per = 1 } = amount?.form ?? {};
    return {
      ...{ kind, button: FAULTS[kind].button },
      input: amount && { ...amount.form, min: amount.min * per, max: amount.max * per },
    };
  }),
} as const;

export interface FaultForm {
  /** Undefined: all instances. */
  readonly target: string | undefined;
  readonly order: FaultCommand;
}

export type ReadFaultForm = ({ readonly kind: "read" } & FaultForm) | { readonly kind: "bad"; readonly why: string };

const AMOUNTS = FAULT_KINDS.flatMap((kind) => amountOfKind(kind) ?? []);

/** @param body the raw body, `application/x-www-form-urlencoded` */
export function readFaultForm(body: string): ReadFaultForm {
  const fields = new URLSearchParams(body);
  const target = fields.get("target") ?? "";
  if (target !== "" && !isIncarnationId(target)) return bad("the form names no instance");
  const order = parseFaultCommand({
    fault: fields.get("fault"),
    ...Object.fromEntries(AMOUNTS.map(({ field, form }) => [field, numberOf(fields.get(form.field)) / form.per])),
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
