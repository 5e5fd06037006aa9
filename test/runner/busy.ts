// Keeps one core busy for as long as its parent lives: what a test must stand on a machine that does other work.

const parent = process.ppid;
/** Between two looks at the parent. */
const SLICE_MS = 50;

function spin(): void {
  const until = performance.now() + SLICE_MS;
  while (performance.now() < until);
  if (process.ppid === parent) setImmediate(spin);
}
spin();
