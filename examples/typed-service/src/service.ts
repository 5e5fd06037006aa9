import { connectBus, ServiceError, serve } from "datawire-connect";
import { inventory } from "./contract.js";

const stock = new Map([["tea", 7]]);
const photos = new Map([["tea", Uint8Array.of(0x89, 0x50, 0x4e, 0x47)]]); // How a PNG begins.

const bus = await connectBus();
const instance = await serve(inventory, {
  bus,
  limit: { concurrent: 16 },
  handlers: {
    list: () => Array.from(stock, ([sku, count]) => ({ sku, count })),
    count: (sku) => stock.get(sku) ?? 0,
    put: ({ sku, count }) => void stock.set(sku, count),
    reserve: ({ sku, count }) => {
      const left = (stock.get(sku) ?? 0) - count;
      if (left < 0) throw new ServiceError(409, `too little ${sku}`, { left: stock.get(sku) ?? 0 });
      stock.set(sku, left);
      return { left };
    },
    photo: (sku) => photos.get(sku) ?? new Uint8Array(),
  },
});
console.log(`instance ${instance.instance} is up`);

for (const signal of ["SIGINT", "SIGTERM"])
  process.once(signal, () => void instance.goodbye().finally(() => bus.close()));
