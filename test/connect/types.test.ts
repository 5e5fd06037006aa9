// Programs that must not compile: `tsc` checks this file, and fails where a line that must not compile does. Nothing here is called.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as v from "valibot";
import type { Bus } from "../../src/bus/bus.ts";
import { createClient } from "../../src/connect/client.ts";
import { contract, operation } from "../../src/connect/contract.ts";
import { bytes, nothing } from "../../src/connect/schema.ts";
import { serve } from "../../src/connect/serve.ts";

const test = suite("types");

const when = v.pipe(
  v.string(),
  v.transform((text) => new Date(text)),
);
const orders = contract("orders", {
  place: operation(v.object({ sku: v.string(), at: when }), v.object({ id: v.number() })),
  picture: operation(v.string(), bytes, { idempotent: true }),
  ping: operation(nothing, nothing),
});

/** The type of a value, exactly. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const isTrue = <T extends true>(): T | undefined => undefined;

export async function inputsAndAnswers(bus: Bus): Promise<void> {
  const client = createClient(orders, { bus });
  const placed = await client.call.place({ sku: "tea", at: "2026-11-29" });
  isTrue<Same<typeof placed, { id: number }>>();
  const outcome = await client.ask.picture("tea", { timeoutMs: 50, metadata: { tenant: "a" } });
  if (outcome.kind === "ok") isTrue<Same<typeof outcome.value, Uint8Array>>();
  if (outcome.kind === "error") isTrue<Same<typeof outcome.code, number>>();
  const nothingAtAll = await client.call.ping();
  isTrue<Same<typeof nothingAtAll, undefined>>();
  await client.call.ping(undefined, { timeoutMs: 50 });
  // @ts-expect-error the input has another type
  await client.call.place({ sku: 7, at: "2026-11-29" });
  // @ts-expect-error a caller sends what the schema reads, which is a text
  await client.call.place({ sku: "tea", at: new Date(0) });
  // @ts-expect-error the input is missing
  await client.call.place();
  // @ts-expect-error there is no such operation
  await client.call.plaice({ sku: "tea", at: "" });
  // @ts-expect-error there is no such option
  await client.ask.picture("tea", { timeout: 50 });
  // @ts-expect-error the value has another type
  const wrong: { id: string } = placed;
  void wrong;
}

export function handlersAndOptions(bus: Bus): readonly unknown[] {
  const place = ({ sku, at }: { sku: string; at: Date }): { id: number } => ({ id: sku.length + at.getTime() });
  const picture = async (): Promise<Uint8Array> => Uint8Array.of(1);
  const ping = (): undefined => undefined;
  return [
    serve(orders, { bus, handlers: { place, picture, ping } }),
    // Inputs and contexts are inferred.
    serve(orders, {
      bus,
      handlers: {
        place: ({ at }, { deadline }) => ({ id: at.getTime() - deadline }),
        picture,
        ping: async () => undefined,
      },
    }),
    // A handler without an answer returns nothing.
    serve(orders, { bus, handlers: { place, picture, ping: async () => {} } }),
    // @ts-expect-error a handler is missing
    serve(orders, { bus, handlers: { place, picture } }),
    // @ts-expect-error a handler of no operation
    serve(orders, { bus, handlers: { place, picture, ping, pong: ping } }),
    // @ts-expect-error the answer has another type
    serve(orders, { bus, handlers: { place: () => ({ id: "1" }), picture, ping } }),
    // @ts-expect-error the answer is missing
    serve(orders, { bus, handlers: { place: () => undefined, picture, ping } }),
    // @ts-expect-error the promised answer has another type
    serve(orders, { bus, handlers: { place: async () => 1, picture, ping } }),
    // @ts-expect-error the handler wants another input
    serve(orders, { bus, handlers: { place: (input: string) => ({ id: input.length }), picture, ping } }),
    // @ts-expect-error there is no such option
    serve(orders, { bus, handlers: { place, picture, ping }, limits: { concurrent: 1 } }),
    // @ts-expect-error no bus
    createClient(orders, { hedge: true }),
    // @ts-expect-error there is no such option
    createClient(orders, { bus, hedged: true }),
    // @ts-expect-error an output is missing
    operation(v.string()),
    // @ts-expect-error a function is no schema
    operation(v.string(), () => "tea"),
    // @ts-expect-error there is no such option
    operation(v.string(), v.string(), { idempotnet: true }),
  ];
}

test("the functions of this file compile, and are not called", () => {
  assert.type(inputsAndAnswers, "function");
  assert.type(handlersAndOptions, "function");
});

test.run();
