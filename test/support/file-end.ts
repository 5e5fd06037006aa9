// Resources that the test files of one process share, and their closing: after a file with a process of its own, or
// after the last file of a shared process.

type Close = () => Promise<unknown>;

let closers: Close[] = [];

/** In a shared process uvu's suites are deferred; see test/runner/shared-process.ts. */
const isShared = (): boolean => Reflect.get(globalThis, "UVU_DEFER") === 1;

export const closeAtEnd = (close: Close): void => void closers.push(close);

export async function fileEnded(): Promise<void> {
  if (!isShared()) await processEnds();
}

export async function processEnds(): Promise<void> {
  const open = closers;
  closers = [];
  for (const close of open.reverse()) await close();
}
