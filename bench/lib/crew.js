// The processes of a run: the bus, the instances, the callers. All of them end with this one.

import { fork, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { createServer, connect as dial } from "node:net";
import { delimiter, join } from "node:path";

/** Debian installs nats-server in a folder outside a plain user's PATH. */
const MORE_FOLDERS = ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin"];
const READY_TIMEOUT_MS = 10_000;
const LOOK_EVERY_MS = 20;

const running = new Set();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function kept(child) {
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

/** A real nats-server on a free port of this machine. */
export async function startBus(port) {
  const binary = findServer();
  const own = port ?? (await freePort());
  const child = kept(spawn(binary, ["-a", "127.0.0.1", "-p", String(own)], { stdio: "ignore" }));
  await until(`nats-server on port ${own}`, () => answers(own));
  const ended = new Promise((resolve) => child.once("exit", resolve));
  return {
    url: `nats://127.0.0.1:${own}`,
    port: own,
    pid: child.pid,
    end: async (signal = "SIGTERM") => {
      child.kill(signal);
      await ended;
    },
  };
}

function findServer() {
  for (const folder of [...(process.env.PATH ?? "").split(delimiter), ...MORE_FOLDERS]) {
    try {
      const file = join(folder, "nats-server");
      accessSync(file, constants.X_OK);
      return file;
    } catch {}
  }
  throw new Error("nats-server is missing: type  sudo apt-get install nats-server");
}

export function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

const answers = (port) =>
  new Promise((resolve) => {
    const socket = dial(port, "127.0.0.1");
    socket.once("data", () => resolve(true)).once("error", () => resolve(false));
    socket.once("data", () => socket.destroy());
  });

export async function until(what, isTrue, withinMs = READY_TIMEOUT_MS) {
  const giveUpAt = Date.now() + withinMs;
  while (!(await isTrue())) {
    if (Date.now() > giveUpAt) throw new Error(`not within ${withinMs / 1000} s: ${what}`);
    await pause(LOOK_EVERY_MS);
  }
}

/** A process that executes commands, see child.js and scale-child.js. */
export function hire(args = [], file = "child.js") {
  const child = kept(
    fork(join(import.meta.dirname, file), [], {
      execArgv: ["--enable-source-maps", ...args],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      env: { ...process.env, NODE_ENV: "production" },
    }),
  );
  const waiting = new Map();
  let last = 0;
  child.on("message", ({ id, result, error }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) resolve(result);
    else reject(new Error(error));
  });
  child.on("exit", () => {
    for (const { reject } of waiting.values()) reject(new Error("the process ended"));
  });
  return {
    child,
    send: (order) =>
      new Promise((resolve, reject) => {
        waiting.set(++last, { resolve, reject });
        child.send({ id: last, order });
      }),
    signal: (name) => child.kill(name),
    end: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve();
        child.once("exit", resolve);
        child.kill("SIGKILL");
      }),
  };
}

/** A program that takes no commands: the Market's own, or one like it. Its output is discarded. */
export function startProgram(file, args, env) {
  const child = kept(
    spawn(process.execPath, [file, ...args], {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, NODE_ENV: "production", ...env },
    }),
  );
  return {
    signal: (name) => child.kill(name),
    end: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve();
        child.once("exit", resolve);
        child.kill("SIGKILL");
      }),
  };
}
