// A real nats-server for a test, on a free port of this machine. The kernel ends it with the test's process in any
// case, also while it is paused.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { readBusAddress } from "../../src/bus/core/bus-address.ts";
import { probe } from "../../src/bus/handshake.ts";
import {
  findProgram,
  programFolders,
  type ServerPlan,
  type ServerProcess,
  startServerProcess,
} from "../../src/bus/server/server-process.ts";
import { systemClock } from "../../src/clock.ts";
import { freePort } from "./free-port.ts";
import { stopProcess } from "./processes.ts";
import { until } from "./until.ts";

export { freePort, freeUrl } from "./free-port.ts";

export interface TestServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Ends it in order, paused or not. */
  stop(): Promise<void>;
  /** As with ^Z: it keeps its connections and says nothing. */
  pause(): void;
  resume(): void;
  /** As with kill -9. */
  kill(): Promise<void>;
  /** Starts it again on the same port, after stop() or kill(). */
  restart(): Promise<void>;
}

export interface TestServerOptions {
  /** nats-server configuration: accounts, limits. Host and port are said on the command line. */
  readonly config?: string;
  readonly port?: number;
  /** Time that it searches elsewhere for an unknown account before it rejects a login: 1.9 s by default. */
  readonly lookupMs?: number;
}

const LOOKUP_MS = 300;
const READY_TIMEOUT_MS = 10_000;

export async function startNatsServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { port = await freePort(), config, lookupMs = LOOKUP_MS } = options;
  // The resolver's block as dwc writes it.
  const quick = config?.replace(/^ {2}allow_delete: false$/m, `$&\n  timeout: "${lookupMs}ms"`);
  const server = new RealServer(port, quick);
  await server.restart();
  return server;
}

/** True if a nats-server answers at the address within a second. */
export const isServerAt = async (url: string): Promise<boolean> =>
  (await probe(readBusAddress(url), { clock: systemClock(), timeoutMs: 1_000 })).kind === "nats";

/** True while a process runs. A process that has ended may keep its entry as a zombie, where no parent reaps it. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== "linux" || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}

const running = new Set<ServerProcess>();
const folders: string[] = [];
// The kernel does this where setpriv is; elsewhere a test that ends early would leave its servers behind.
process.on("exit", () => {
  for (const { pid } of running) signal(pid, "SIGKILL");
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

class RealServer implements TestServer {
  readonly port: number;
  readonly #configFile: string | undefined;
  readonly #clock = systemClock();
  #server: ServerProcess | undefined;

  constructor(port: number, config: string | undefined) {
    this.port = port;
    this.#configFile = config === undefined ? undefined : writeConfig(config);
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#server?.pid ?? 0;
  }

  async restart(): Promise<void> {
    const server = startServerProcess(this.#plan(), this.#clock);
    this.#server = server;
    running.add(server);
    let said: string | undefined;
    server.ended.then(
      (words) => {
        running.delete(server);
        said = words;
      },
      () => undefined,
    );
    const look = { clock: this.#clock, timeoutMs: READY_TIMEOUT_MS };
    await until(`nats-server on ${this.url}`, async () => {
      if (said !== undefined) throw new Error(`nats-server ended: ${said}`);
      return (await probe(readBusAddress(this.url), look)).kind === "nats";
    });
  }

  async stop(): Promise<void> {
    this.resume();
    await this.#server?.stop();
  }

  pause(): void {
    stopProcess(this.pid);
  }

  resume(): void {
    signal(this.pid, "SIGCONT");
  }

  async kill(): Promise<void> {
    signal(this.pid, "SIGKILL");
    await this.#server?.ended;
  }

  #plan(): ServerPlan {
    const places = programFolders(process.env["PATH"]);
    const binary = findProgram("nats-server", places);
    if (binary === undefined) throw new Error("these tests need nats-server: sudo apt-get install nats-server");
    const setpriv = findProgram("setpriv", places);
    return {
      binary,
      setpriv,
      host: "127.0.0.1",
      port: this.port,
      name: `test-${this.port}`,
      configFile: this.#configFile,
    };
  }
}

function writeConfig(config: string): string {
  const folder = mkdtempSync(join(tmpdir(), "nats-test-"));
  folders.push(folder);
  const file = join(folder, "nats.conf");
  writeFileSync(file, config);
  return file;
}

/** A process that has ended already needs no signal. */
function signal(pid: number, name: NodeJS.Signals): void {
  if (pid === 0) return; // 0 would mean the whole process group
  try {
    process.kill(pid, name);
  } catch {
    return;
  }
}
