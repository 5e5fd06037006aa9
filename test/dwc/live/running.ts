// A system that runs, and a person's desk beside it: for the commands that ask it.

import { startNatsServer, type TestServer } from "../../support/nats-server.ts";
import { until, World } from "../../support/world.ts";
import { Desk, type Typed, type TypedOptions } from "../run-dwc.ts";

/** Port 1 is reserved and belongs to no program: a test without a Market names it. */
const NO_MARKET = "1";
const NO_BOARD = "2";

export class Running {
  readonly desk = new Desk();
  readonly server: TestServer;
  readonly world: World;
  marketPort = NO_MARKET;
  adminPort = NO_BOARD;

  private constructor(server: TestServer) {
    this.server = server;
    this.world = new World(server.url);
  }

  static async start(): Promise<Running> {
    return new Running(await startNatsServer());
  }

  async startMarket(): Promise<void> {
    const { url, admin } = await this.world.startMarket();
    this.marketPort = new URL(url).port;
    this.adminPort = new URL(admin).port;
  }

  type(args: readonly string[], { env, ...options }: TypedOptions = {}): Promise<Typed> {
    const places = { NATS_URL: this.server.url, PORT: this.marketPort, ADMIN_PORT: this.adminPort };
    return this.desk.type(args, { ...options, env: { ...places, ...env } });
  }

  /** The same until it says so: dwc listens for answers for a moment, and on a busy machine they may come later. */
  async typeUntil(wanted: 0 | RegExp, args: readonly string[]): Promise<Typed> {
    let last: Typed = { code: null, stdout: "", stderr: "" };
    const isSo = async (): Promise<boolean> => {
      last = await this.type(args);
      return wanted === 0 ? last.code === 0 : wanted.test(last.stdout);
    };
    await until(`dwc ${args.join(" ")}`, isSo, undefined, () => last.stdout + last.stderr);
    return last;
  }

  async close(): Promise<void> {
    await this.world.close();
    await this.server.stop();
    this.desk.clear();
  }
}
