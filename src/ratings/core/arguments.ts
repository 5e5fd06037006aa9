// Arguments of `ratings`: COUNT instances, or one INSTANCE number.

import { MAX_INSTANCE } from "../../protocol.ts";

export type FleetArguments =
  | { readonly kind: "count"; readonly count: number }
  | { readonly kind: "instance"; readonly instance: number }
  | { readonly kind: "refused"; readonly why: string };

/** A larger number is a typing error: one machine runs no more processes than this. */
const MAX_COUNT = 100;

/** COUNT takes precedence over INSTANCE. With neither it is instance 1. An empty value counts as not given. */
export function readFleetArguments(values: { readonly count?: unknown; readonly instance?: unknown }): FleetArguments {
  if (isGiven(values.count)) {
    const count = readNumber(values.count, MAX_COUNT);
    if (count === undefined) return refused("COUNT", values.count, MAX_COUNT, "COUNT=3");
    return { kind: "count", count };
  }
  if (isGiven(values.instance)) {
    const instance = readNumber(values.instance, MAX_INSTANCE);
    if (instance === undefined) return refused("INSTANCE", values.instance, MAX_INSTANCE, "INSTANCE=2");
    return { kind: "instance", instance };
  }
  return { kind: "instance", instance: 1 };
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== "";

function readNumber(value: unknown, highest: number): number | undefined {
  if (typeof value !== "string" || !/^\d{1,6}$/.test(value)) return undefined;
  const number = Number(value);
  return number >= 1 && number <= highest ? number : undefined;
}

function refused(name: string, value: unknown, highest: number, example: string): FleetArguments {
  const why = `${name}=${String(value)} is not a whole number from 1 to ${highest}: type  make startRatings ${example}`;
  return { kind: "refused", why };
}
