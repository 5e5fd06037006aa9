// The load of the test of overload, and what its instances have in common.

import { setTimeout } from "node:timers/promises";
import type { Client } from "../../src/service/client.ts";

export const OVERLOAD_SERVICE = "tea";
/** How long a handler has its place, and how many places an instance has: a capacity of 400 calls a second. */
export const HANDLER_MS = 20;
export const PLACES = 8;

/** How often calls that are due are made. */
const TICK_MS = 5;
const SECOND_MS = 1_000;

/** Makes as many calls a second as `perSecond` for `forMs`, whatever became of those before. @returns how many were answered */
export async function openLoop(client: Client, perSecond: number, forMs: number): Promise<number> {
  const startedAt = performance.now();
  const calls: Promise<void>[] = [];
  let answered = 0;
  const call = async (): Promise<void> => {
    const { kind } = await client.ask({});
    if (kind === "ok") answered += 1;
  };
  for (let tookMs = 0; tookMs < forMs; tookMs = performance.now() - startedAt) {
    const due = Math.floor((tookMs * perSecond) / SECOND_MS);
    while (calls.length < due) calls.push(call());
    await setTimeout(TICK_MS);
  }
  await Promise.all(calls);
  return answered;
}

/** Keeps so many calls in flight. @returns how many were answered in a second */
export async function closedLoop(client: Client, inFlight: number, forMs: number): Promise<number> {
  const startedAt = performance.now();
  let answered = 0;
  const caller = async (): Promise<void> => {
    while (performance.now() - startedAt < forMs) if ((await client.ask({})).kind === "ok") answered += 1;
  };
  await Promise.all(Array.from({ length: inFlight }, caller));
  return (answered * SECOND_MS) / (performance.now() - startedAt);
}
