// Orgs for a test: state folders of their own, changed by the same deciders that dwc uses, and real servers that obey
// them.

import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Credentials, parseCredentials } from "../../src/bus/core/credentials.ts";
import { connectNatsBus, type NatsBus } from "../../src/bus/nats-bus.ts";
import { systemClock } from "../../src/clock.ts";
import type { Obedience } from "../../src/dwc/identity/core/obedience.ts";
import { createOrg } from "../../src/dwc/identity/core/orgs.ts";
import { revoke } from "../../src/dwc/identity/core/revocations.ts";
import { createService } from "../../src/dwc/identity/core/services.ts";
import { currentOrg, type Decision, type Org, type State } from "../../src/dwc/identity/core/state.ts";
import { paths } from "../../src/dwc/identity/derived-files.ts";
import { acceptInvitation, inviteUser } from "../../src/dwc/identity/invitations.ts";
import { natsMint } from "../../src/dwc/identity/mint.ts";
import { pushAccounts } from "../../src/dwc/identity/push.ts";
import { changeState, readState } from "../../src/dwc/identity/state-file.ts";
import { expectDone } from "./identity-fixtures.ts";
import { startNatsServer, type TestServer } from "./nats-server.ts";
import { until } from "./until.ts";

export const clock = systemClock();
const mint = natsMint;
const tools = () => ({ mint, now: clock.wall() });

export class Folder {
  readonly path: string = mkdtempSync(join(tmpdir(), "orgs-test-"));

  /** The same state in a folder of its own. */
  copy(): Folder {
    const copy = new Folder();
    cpSync(this.path, copy.path, { recursive: true });
    return copy;
  }

  async change<T extends object>(decide: (state: State) => Decision<T> | Promise<Decision<T>>): Promise<T> {
    return expectDone(await changeState({ folder: this.path, clock }, decide));
  }

  get state(): State {
    const read = readState(this.path);
    if (read.kind === "unreadable") throw new Error(read.why);
    return read.state;
  }

  get org(): Org {
    const org = currentOrg(this.state);
    if (org === undefined) throw new Error("this folder is in no org");
    return org;
  }

  /** In order; throws when the state cannot be read. */
  get serviceNames(): readonly string[] {
    return this.org.services.map(({ name }) => name).sort();
  }

  /** A unique org name by default, so that two folders can have the same person. */
  async createOrg(name = "My Test Org", email = "anna@example.org"): Promise<Org> {
    return (await this.change((state) => createOrg(state, { name, person: "Anna", email }, tools()))).org;
  }

  async createService(
    name: string,
    holdsSeconds: number | null = null,
    calls?: readonly string[],
  ): Promise<Credentials> {
    const created = await this.change((state) => createService(state, { name, holdsSeconds, calls }, tools()));
    return credentials(created.service.creds);
  }

  async invite(email: string, admin = false): Promise<string> {
    return (await this.change((state) => inviteUser(state, { email, admin }, tools()))).code;
  }

  async accept(code: string): Promise<Org> {
    return (await this.change((state) => acceptInvitation(state, { code }, tools()))).org;
  }

  async revoke(target: string): Promise<void> {
    await this.change((state) => revoke(state, target, tools()));
  }

  /** Pushes the current org to a running bus. */
  async push(server: TestServer): Promise<Obedience> {
    const { operator } = this.state;
    if (operator === null) throw new Error("this folder has no operator");
    const [pushed] = await pushAccounts(operator, [this.org], { url: server.url, clock, mint, mode: "push" });
    if (pushed === undefined) throw new Error("one org was pushed, without a result");
    return pushed;
  }

  /** The person's own credentials: those of a Market. */
  get person(): Credentials {
    return credentials(this.org.me.creds);
  }

  service(name: string): Credentials {
    const service = this.org.services.find((one) => one.name === name);
    if (service === undefined) throw new Error(`this folder has no service ${name}`);
    return credentials(service.creds);
  }

  serverConfig(): string {
    return readFileSync(paths.serverConfig(this.path, this.org.trust.operatorKey), "utf8");
  }

  /** A server that admits the users of this folder's orgs. */
  startServer(port?: number): Promise<TestServer> {
    return startNatsServer({ config: this.serverConfig(), ...(port === undefined ? {} : { port }) });
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export function credentials(text: string): Credentials {
  const parsed = parseCredentials(text);
  if (parsed.kind === "bad") throw new Error(parsed.why);
  return parsed.credentials;
}

export interface Login {
  readonly bus: NatsBus;
  /** Problems that its bus reported. */
  readonly reports: readonly string[];
}

/** A connection attempt, with credentials or without. */
export function startLogin(server: TestServer, as?: Credentials): Login {
  const reports: string[] = [];
  const report = (sentence: string): void => {
    reports.push(sentence);
  };
  const bus = connectNatsBus({ urls: [server.url], name: "guest", clock, report, credentials: as });
  return { bus, reports };
}

/** On a busy machine an attempt may end for another reason first. An admitted client never gets this message. */
export const isRefused = ({ reports }: Login): boolean =>
  reports.some((report) => report.includes("does not let us in"));

/** Until the server has decided. */
async function untilDecided(guest: Login): Promise<void> {
  const isAnswered = (): boolean => guest.bus.status === "connected" || isRefused(guest);
  await until("an answer at the door", isAnswered, undefined, () => guest.reports.join("\n"));
}

export async function logIn(server: TestServer, as?: Credentials): Promise<Login> {
  const guest = startLogin(server, as);
  await untilDecided(guest);
  if (guest.bus.status !== "connected") throw new Error(`not let in: ${guest.reports.join("; ")}`);
  return guest;
}

/** True when the server admits the login. Closes the bus again. */
export async function isAdmitted(server: TestServer, as: Credentials): Promise<boolean> {
  const guest = startLogin(server, as);
  await untilDecided(guest);
  const isIn = guest.bus.status === "connected";
  await guest.bus.close();
  return isIn;
}
