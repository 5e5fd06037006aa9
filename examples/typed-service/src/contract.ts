import { bytes, contract, nothing, operation } from "datawire-connect";
import * as v from "valibot";

const Item = v.object({ sku: v.string(), count: v.pipe(v.number(), v.integer(), v.minValue(1)) });

export const inventory = contract("inventory", {
  list: operation(nothing, v.array(Item), { idempotent: true }),
  count: operation(v.string(), v.number(), { idempotent: true }),
  put: operation(Item, nothing, { idempotent: true }),
  reserve: operation(Item, v.object({ left: v.number() }), { timeoutMs: 500 }),
  photo: operation(v.string(), bytes, { idempotent: true }),
});
