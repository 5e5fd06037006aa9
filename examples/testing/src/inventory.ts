// The subject of the tests: a contract and its handlers. A program of its own connects to a bus and serves them.

import { contract, type Handlers, operation, ServiceError } from "datawire-connect";
import * as v from "valibot";

const Item = v.object({ sku: v.string(), count: v.pipe(v.number(), v.integer(), v.minValue(1)) });

export const inventory = contract("inventory", {
  count: operation(v.string(), v.number(), { idempotent: true }),
  reserve: operation(Item, v.object({ left: v.number() }), { timeoutMs: 500 }),
});

export const handlersOf = (stock: Map<string, number>): Handlers<typeof inventory> => ({
  count: (sku) => stock.get(sku) ?? 0,
  reserve: ({ sku, count }) => {
    const left = (stock.get(sku) ?? 0) - count;
    if (left < 0) throw new ServiceError(409, `too little ${sku}`);
    stock.set(sku, left);
    return { left };
  },
});
