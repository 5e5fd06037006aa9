// Suites whose tests start things: after a test its functions in `ends` are called, the last one first.

import { suite, type Test } from "uvu";

export interface Cleanup {
  ends: (() => unknown)[];
}

/** @param before runs before each test */
export function cleanupSuite<T extends Cleanup>(
  name: string,
  before: (context: T) => Promise<void> | void = () => undefined,
): Test<T> {
  const test = suite<T>(name);
  test.before.each(async (context) => {
    context.ends = [];
    await before(context);
  });
  test.after.each(runCleanups);
  return test;
}

export async function runCleanups({ ends }: Cleanup): Promise<void> {
  for (const end of ends.reverse()) await end();
}
