// The interface of uvu over a list of tests that a caller may run one by one. uvu itself runs whole suites only, and a
// mutant needs the few tests that reach it.

/** @type {{ id: string, name: string, file: string, run: () => Promise<void> }[]} */
export const TESTS = [];

/** Set by the caller before it imports a test file. */
export const loading = { file: "" };

/**
 * `before` runs once, ahead of the suite's first test. `after` never runs: what it would close is wanted again for the
 * next mutant, and goes with the process.
 */
export function suite(name = "", state = {}) {
  const hooks = { before: [], beforeEach: [], afterEach: [], ready: undefined };
  const file = loading.file;
  const test = (title, body) => {
    const id = `${file} > ${name} > ${title} #${TESTS.length}`;
    TESTS.push({ id, name: `${name}: ${title}`, file, run: () => runTest(hooks, body, named(state, name, title)) });
  };
  test.before = (hook) => hooks.before.push(hook);
  test.after = () => undefined;
  test.before.each = (hook) => hooks.beforeEach.push(hook);
  test.after.each = (hook) => hooks.afterEach.push(hook);
  test.skip = () => undefined;
  test.only = test;
  test.run = () => undefined;
  return test;
}
export const test = suite();

/** As uvu does: golden files ask the state which test runs. */
const named = (state, name, title) => Object.assign(state, { __suite__: name, __test__: title });

async function runTest(hooks, body, state) {
  hooks.ready ??= runAll(hooks.before, state);
  await hooks.ready;
  try {
    await runAll(hooks.beforeEach, state);
    await body(state);
  } finally {
    await runAll(hooks.afterEach, state);
  }
}

async function runAll(some, state) {
  for (const hook of some) await hook(state);
}
