import { contract, nothing, operation, stream } from "datawire-connect";
import { z } from "zod";

const Price = z.object({ cents: z.number().int().positive() });

export const prices = contract("prices", {
  /** The prices of a product, without an end. */
  watch: stream(z.object({ sku: z.string() }), Price),
  /** How many prices the instance has made so far. */
  made: operation(nothing, z.number(), { idempotent: true }),
});
