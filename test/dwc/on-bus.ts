// dwc on a bus in memory: the live service as it is, with instances, a clock that a test advances, and no Market.

import type { AbortSignal, CommandContext, Screen, Terminal } from "../../src/dwc/cli/core/command.ts";
import type { Rendered } from "../../src/dwc/cli/core/result.ts";
import { runDwc } from "../../src/dwc/cli/main.ts";
import { COMMANDS } from "../../src/dwc/commands/table.ts";
import { followServices } from "../../src/dwc/live/bus-events.ts";
import { callOnce, callRoll, listInstances, sendFault } from "../../src/dwc/live/bus-queries.ts";
import type { withBus, withView } from "../../src/dwc/live/bus-session.ts";
import type { BoardFailure, LiveService } from "../../src/dwc/live/core/live-types.ts";
import { createLiveService, type LiveDeps } from "../../src/dwc/live/live-service.ts";
import { startInstance } from "../../src/service/instance.ts";
import type { InstanceOptions } from "../../src/service/instance-options.ts";
import { fakeClock, memoryBus } from "../../src/testing/index.ts";

const CONNECT_MS = 1;
const SETTINGS = { host: "127.0.0.1", port: 5000, adminPort: 6100, health: { requestTimeoutMs: 1_000 } };
const NO_MARKET: BoardFailure = { kind: "nothing", url: "http://127.0.0.1:5000", why: "ECONNREFUSED" };

export interface Typed extends Pick<Rendered, "stdout" | "stderr" | "exitCode"> {
  /** What it wrote while it ran. */
  readonly written: string;
}

/** The reader of the text. */
export interface Seen {
  readonly colour?: boolean;
  /** Ends a command that follows. */
  readonly closed?: AbortSignal;
}

export class OnBus {
  readonly clock = fakeClock();
  readonly bus = memoryBus({ clock: this.clock });
  /** Of each connection that dwc makes. */
  notes: readonly string[] = [];

  /** An instance whose operations answer with their own name, unless others are given. */
  async start(service: string, instance: number, options: Partial<InstanceOptions> = {}) {
    const started = await this.clock.run(
      startInstance({
        ...{ service, instance, incarnation: `${instance}-a`, bus: this.bus.connect(), clock: this.clock },
        ...{ random: () => 0, report: () => undefined, ...options },
      } as InstanceOptions),
    );
    if (started.kind === "taken") throw new Error(`${service}/${instance} is taken`);
    return started.instance;
  }

  /** What a person types, and reads. */
  async type(line: string, live: Partial<LiveService> = {}, seen: Seen = {}): Promise<Typed> {
    const { colour = false, closed = new AbortController().signal } = seen;
    const written: string[] = [];
    const screen: Partial<Screen> = {
      ...{ isTerminal: false, colour, closed },
      ...{ write: (text) => written.push(text), writeNote: (text) => written.push(`note: ${text}\n`) },
      size: () => ({ rows: 24, columns: 80 }),
      showMeanwhile: () => undefined,
    };
    const context = {
      ...{ stateDir: "/state", terminal: {} as Terminal, screen },
      live: { ...this.live(), fetchView: async () => NO_MARKET, top: async () => NO_MARKET, ...live },
    } as CommandContext;
    const typing = runDwc(line.split(" "), {
      ...{ colour, commands: COMMANDS, version: "1", openContext: () => context, folderOf: (state: string) => state },
    });
    const { stdout, stderr, exitCode } = await this.clock.run(typing);
    return { stdout, stderr, exitCode, written: written.join("") };
  }

  /** The one object that a command prints with --json, on either stream. */
  async json(line: string, live: Partial<LiveService> = {}): Promise<Record<string, unknown>> {
    const { stdout, stderr, exitCode } = await this.type(`${line} --json`, live);
    return { exitCode, ...JSON.parse(stdout + stderr) };
  }

  live(): LiveService {
    const { bus, clock } = this;
    const connected = async <T>(act: Promise<T>) => ({
      ...{ kind: "connected" as const, value: await act, secured: false, connectMs: CONNECT_MS, notes: this.notes },
    });
    const tools = {
      withView: (async (_options, _service, act) =>
        connected(act(bus as never, { kind: "all" }, CONNECT_MS))) as typeof withView,
      withBus: (async (_options, act) => connected(act(bus as never, undefined, CONNECT_MS))) as typeof withBus,
      ...{ callRoll, callOnce, listInstances, followServices, sendFault },
    };
    return createLiveService({
      ...{ settings: SETTINGS, clock, nodeVersion: "20.19.0", busTools: async () => tools },
      identity: { describe: async () => ({ kind: "done", identity: { orgs: [] } }) },
    } as unknown as LiveDeps);
  }
}
