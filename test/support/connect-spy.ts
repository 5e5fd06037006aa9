// Loaded before a program of ours (NODE_OPTIONS=--import): reports its connections and, at its end, the packages for
// tracing that it has loaded.

import Module from "node:module";
import { Socket } from "node:net";

const say = (what: string): void => void process.stderr.write(`WITNESS ${what}\n`);

const { connect } = Socket.prototype;
Socket.prototype.connect = function (this: Socket, ...given: unknown[]) {
  const [first] = given.flat() as [{ host?: string; port?: number } | undefined];
  say(`connect ${first?.host ?? "?"}:${first?.port ?? "?"}`);
  return (connect as (...all: unknown[]) => Socket).apply(this, given);
} as typeof connect;

process.on("exit", () => {
  const { _cache: cache } = Module as unknown as { _cache: Record<string, unknown> };
  const packages = Object.keys(cache).flatMap((path) => /.*\/(@opentelemetry\/[^/]+)\//.exec(path)?.[1] ?? []);
  say(`loaded ${[...new Set(packages)].sort().join(" ") || "nothing"}`);
});
