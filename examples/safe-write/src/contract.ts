import { contract, nothing, operation } from "datawire-connect";
import * as v from "valibot";

const Deposit = v.object({ id: v.string(), cents: v.pipe(v.number(), v.integer(), v.minValue(1)) });

/** `deposit` is not idempotent, as every operation that does not say otherwise: nothing may execute it twice. */
export const accounts = contract("accounts", { deposit: operation(Deposit, nothing, { timeoutMs: 500 }) });
