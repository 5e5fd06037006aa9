import { contract, operation } from "datawire-connect";
import * as v from "valibot";

const Order = v.object({ id: v.number(), kind: v.picklist(["quick", "slow"]) });
const Receipt = v.object({ receipt: v.string() });
// The time of the first caller holds for the whole chain. This one is the longest that any of the three waits.
const options = { timeoutMs: 5_000 };

export const orders = contract("orders", { place: operation(Order, Receipt, options) });
export const inventory = contract("inventory", { reserve: operation(Order, Receipt, options) });
export const payments = contract("payments", { charge: operation(Order, Receipt, options) });
