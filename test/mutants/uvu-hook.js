// A hook of node's module loader: test files get uvu-double.js where they import uvu. Its assertions stay uvu's own.

const DOUBLE = new URL("./uvu-double.js", import.meta.url).href;

export const resolve = (specifier, context, next) =>
  specifier === "uvu" ? { url: DOUBLE, shortCircuit: true } : next(specifier, context);
