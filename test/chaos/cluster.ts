// The cluster: a bus of three nodes, two Markets, four instances and a shopper, each on a host of its own. Has a method
// for each step of a fault.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pause, until } from "../support/until.ts";
import { connectedTo } from "./connections.ts";
import { Convergence } from "./convergence.ts";
import { HostProcess } from "./hosts.ts";
import { HOSTS, type Host, hostsOf, SWITCH } from "./names.ts";
import { Network } from "./network.ts";
import { type NetworkConditions, NO_LOSS } from "./network-conditions.ts";
import { CLIENT_PORT, natsUrls, nodeConfig } from "./node-config.ts";
import { parseInstanceLine, parseMarketLine, parsePageResult } from "./parse-log-line.ts";

const READY_TIMEOUT_MS = 20_000;
/** Any 32 bytes will do. Both Markets must have the same. */
const MARKET_KEYS = "one-key-for-both-markets-of-the-cluster";

/**
 * A breaker whose probation failed is closed by a retest alone, and with the default delays (30 s, doubling) that may take
 * minutes: a network that loses packets fails many a probation. Here a retest always comes within a heartbeat interval,
 * as README advises for such a network.
 */
export const RETESTS = { RETEST_DELAY_MS: "3000", RETEST_DELAY_MAX_MS: "12000" } as const;

const script = (path: string): readonly string[] => [
  process.execPath,
  "--enable-source-maps",
  fileURLToPath(new URL(path, import.meta.url)),
];

export class Cluster {
  readonly convergence = new Convergence(
    hostsOf("market").map(({ number }) => number),
    hostsOf("instance").map(({ number }) => number),
  );
  readonly #folder: string;
  readonly #natsServer: string;
  readonly #network = new Network(process.pid);
  readonly #running = new Map<string, HostProcess>();
  readonly #lines = new Map<string, string[]>();
  #removal: Promise<void> | undefined;

  /** @param folder for the log and the state of every process */
  constructor(folder: string, natsServer: string) {
    this.#folder = folder;
    this.#natsServer = natsServer;
  }

  /** Resolves once every Market uses every instance, and the shopper is on the way. */
  async build(print: (step: string) => void): Promise<void> {
    print("making a network namespace for each host");
    await this.#network.make();
    this.#start(SWITCH, script("./switch.js"), () => undefined);
    await this.#untilLine(SWITCH, /^ready$/);
    print("starting three bus nodes");
    await Promise.all(hostsOf("node").map((host) => this.startNode(host)));
    print("starting four instances and two Markets");
    for (const host of hostsOf("instance")) this.#startInstance(host);
    for (const host of hostsOf("market")) this.#startMarket(host);
    for (const { name } of hostsOf("market")) await this.#untilLine(name, /^INFO:market:- open at /);
    print("sending a shopper to both Markets");
    this.#startShopper();
    await until("every Market uses every instance", () => this.convergence.missing.length === 0, READY_TIMEOUT_MS);
  }

  async setConditions(setConditions: NetworkConditions): Promise<void> {
    const lines = this.#linesOf(SWITCH);
    const received = lines.length;
    this.#running.get(SWITCH)?.say(JSON.stringify(setConditions));
    await until("the switch changed the conditions", () => lines.length > received, READY_TIMEOUT_MS);
  }

  restoreNetwork(): Promise<void> {
    return this.setConditions(NO_LOSS);
  }

  async startNode(host: Host): Promise<void> {
    const config = join(this.#folder, `${host.name}.conf`);
    writeFileSync(config, nodeConfig(host));
    const mark = this.#linesOf(host.name).length;
    this.#start(host.name, [this.#natsServer, "-c", config], () => undefined);
    await this.#untilLine(host.name, /Server is ready/, mark);
  }

  /** The node that a host is connected to. A fault on a node without clients would show nothing. */
  nodeOf(name: string): Host {
    const pid = this.#running.get(name)?.pid;
    const addresses = connectedTo(readFileSync(`/proc/${pid}/net/tcp`, "utf8"), CLIENT_PORT);
    const node = hostsOf("node").find(({ back }) => addresses.includes(back));
    if (node === undefined) throw new Error(`cluster: ${name} is connected to no node of the bus`);
    return node;
  }

  async killNode({ name }: Host): Promise<void> {
    await this.#running.get(name)?.kill();
  }

  async stopNode({ name }: Host): Promise<void> {
    await this.#running.get(name)?.end();
  }

  /** Ends every process, then deletes the network. May be called at any time; every caller waits for the same removal. */
  remove(): Promise<void> {
    this.#removal ??= this.#endAll();
    return this.#removal;
  }

  async #endAll(): Promise<void> {
    const hub = this.#running.get(SWITCH);
    // Without the switch no goodbye would arrive, so it ends last.
    const others = [...this.#running.values()].filter((one) => one !== hub);
    await Promise.all(others.map((one) => one.kill()));
    await hub?.kill();
    await this.#network.remove();
  }

  #startInstance(host: Host): void {
    const reporter = { kind: "instance", number: host.number } as const;
    this.#start(host.name, [...script("../../bin/ratings.js"), `--instance=${host.number}`], (line) => {
      const event = parseInstanceLine(line);
      if (event !== undefined) this.convergence.onEvent(performance.now(), reporter, event);
    });
  }

  #startMarket(host: Host): void {
    const reporter = { kind: "market", number: host.number } as const;
    this.#start(host.name, script("../../bin/market.js"), (line) => {
      const event = parseMarketLine(line);
      if (event !== undefined) this.convergence.onEvent(performance.now(), reporter, event);
    });
  }

  #startShopper(): void {
    const [shopper] = hostsOf("shopper");
    if (shopper === undefined) throw new Error("cluster: there is no shopper");
    this.#start(shopper.name, script("./shopper.js"), (line) => {
      const page = parsePageResult(line);
      if (page !== undefined) this.convergence.see(page);
    });
  }

  #start(name: string, command: readonly string[], onEvent: (line: string) => void): void {
    if (this.#removal !== undefined) throw new Error("cluster: removed while it was built");
    const state = join(this.#folder, `${name}.state`);
    mkdirSync(state, { recursive: true });
    const { PATH = "" } = process.env;
    const env = { PATH, HOME: state, DWC_STATE: state, NATS_URL: natsUrls(), LOG_LEVEL: "INFO" };
    const shop = { HOST: "0.0.0.0", PORT: "5000", MARKET_KEYS, ...RETESTS };
    const lines = this.#linesOf(name);
    const isLoud = HOSTS.some((host) => host.name === name && (host.kind === "market" || host.kind === "shopper"));
    const started = new HostProcess({
      namespace: this.#network.namespace(name),
      command,
      env: { ...env, ...shop },
      logFile: join(this.#folder, `${name}.log`),
      onLine: (line) => {
        // Every awaited line is printed at the start. Later a Market prints a thousand lines a second.
        if (!isLoud || lines.length < 100) lines.push(line);
        onEvent(line);
      },
    });
    this.#running.set(name, started);
  }

  #linesOf(name: string): string[] {
    const lines = this.#lines.get(name) ?? [];
    this.#lines.set(name, lines);
    return lines;
  }

  async #untilLine(name: string, pattern: RegExp, mark = 0): Promise<void> {
    const lines = this.#linesOf(name);
    await until(
      `${name} says ${pattern}`,
      () => lines.slice(mark).some((line) => pattern.test(line)),
      READY_TIMEOUT_MS,
    );
  }
}

/** Lets a fault last. */
export const last = pause;
