// Faults of an instance's own process: stop it as `kill -STOP` does, and kill it. A stopped process cannot continue
// itself, so a watchdog process (pause-watchdog.ts) is started first, and a backup in case the watchdog is killed.

import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { readBusAddress } from "../bus/core/bus-address.ts";
import type { Credentials, CredentialsSource } from "../bus/core/credentials.ts";
import type { BusHistory, OpenBusRule } from "../bus/core/open-bus.ts";
import { type Clock, defaultClock } from "../clock.ts";
import { fieldsOf } from "../util/json.ts";

/** A pause of this process, as a fault asks for it. */
export interface PauseRequest {
  readonly service: string;
  readonly instance: number;
  readonly incarnation: string;
  readonly forMs: number;
}

/** All that a watchdog has to know. */
export interface WatchdogConfig extends PauseRequest {
  readonly natsUrls: readonly string[];
  readonly credentials?: Credentials | undefined;
  readonly openBus?: OpenBusRule | undefined;
}

/** A pause that is prepared, and has not begun. */
export interface ArmedPause {
  readonly kind: "armed";
  /** Starts the time of the pause in both watchdogs. False: one has ended, and the process must not stop. */
  begin(): Promise<boolean>;
  /** Stops this process. Returns when it has been continued. */
  stop(): void;
  /** Ends the watchdogs without a pause. */
  release(): void;
}

/** A pause that is prepared, or why it cannot be. */
export type PauseHandle = ArmedPause | { readonly kind: "failed"; readonly why: string };

/** What faults may do to the process of an instance. */
export interface ProcessControl {
  /** Starts the watchdogs that end the pause, and resolves once they are ready. They do not depend on the client. */
  preparePause(request: PauseRequest): Promise<PauseHandle>;
  /** Ends the process, as kill -9 does. */
  kill(): void;
}

/** The options of `processControl`. */
export interface ProcessControlOptions {
  readonly natsUrls: readonly string[];
  readonly credentials?: Credentials | undefined;
  /** As for the bus of the instance: a watchdog logs in with the credentials that are valid by then. */
  readonly readAgain?: CredentialsSource | undefined;
  readonly clock?: Clock;
  /** As for the bus of the instance (NatsBusOptions). */
  readonly openBus?: OpenBusRule | undefined;
  readonly history?: BusHistory | undefined;
}

/** Starting a program and connecting to the bus takes half a second, on a busy machine ten times that. */
const READY_TIMEOUT_MS = 10_000;
/**
 * How long after SIGSTOP the watchdogs are disconnected: if the timer fires, this process runs again. Without the delay
 * they could exit before the kernel has stopped this process.
 */
const RELEASE_WATCHDOGS_AFTER_MS = 50;

/** Lets faults stop and end this process. */
export function processControl(options: ProcessControlOptions): ProcessControl {
  const { natsUrls, clock = defaultClock() } = options;
  return {
    preparePause: async (request) => {
      const [watchdog, backup] = [startWatchdog(), startWatchdog("backup")];
      const release = (): void => {
        for (const one of [watchdog, backup]) if (one.connected) one.disconnect();
      };
      const credentials = credentialsNow(options);
      const config: WatchdogConfig = { ...request, natsUrls, credentials, openBus: watchdogBusRule(options) };
      const troubles = await Promise.all([watchdog, backup].map((one) => waitUntilReady(one, config, clock)));
      const trouble = troubles.find((why) => why !== undefined);
      if (trouble !== undefined) {
        release();
        return { kind: "failed", why: trouble };
      }
      return {
        kind: "armed",
        begin: async () => (await Promise.all([watchdog, backup].map(sendBegin))).every((isStarted) => isStarted),
        stop: () => {
          // Without both watchdogs the process might never be continued, so it does not stop.
          if (watchdog.connected && backup.connected) process.kill(process.pid, "SIGSTOP");
          clock.after(RELEASE_WATCHDOGS_AFTER_MS, release);
        },
        release,
      };
    },
    kill: () => process.kill(process.pid, "SIGKILL"),
  };
}

function credentialsNow({ credentials, readAgain }: ProcessControlOptions): Credentials | undefined {
  const read = readAgain?.();
  return (read?.kind === "read" ? read.credentials : undefined) ?? credentials;
}

/** The watchdog is a new process without a history of its own, so it uses that of the instance. */
function watchdogBusRule({ natsUrls, openBus, history }: ProcessControlOptions): OpenBusRule | undefined {
  const hadLogins = history?.hadLogins(natsUrls.map(readBusAddress)) === true;
  return hadLogins && openBus !== "join" ? "refuse" : openBus;
}

/**
 * In our process group, so that ^C and ^Z reach it as well. When the channel closes, it knows that this process has ended.
 * Its configuration goes over the channel, because credentials belong neither into arguments nor into an environment.
 */
function startWatchdog(...args: readonly string[]): ChildProcess {
  const script = fileURLToPath(new URL("./pause-watchdog.js", import.meta.url));
  return fork(script, args, { stdio: ["ignore", "ignore", "ignore", "ipc"], execArgv: [] });
}

/** The message is written before this process may stop: a watchdog without it would never continue the process. */
function sendBegin(watchdog: ChildProcess): Promise<boolean> {
  if (!watchdog.connected) return Promise.resolve(false);
  return new Promise((resolve) => watchdog.send("begin", (error) => resolve(error === null)));
}

/** @returns why the watchdog is not ready; undefined: it is */
function waitUntilReady(watchdog: ChildProcess, config: WatchdogConfig, clock: Clock): Promise<string | undefined> {
  return new Promise((resolve) => {
    const end = (trouble: string | undefined): void => {
      cancel();
      resolve(trouble);
    };
    const cancel = clock.after(READY_TIMEOUT_MS, () => end("the process that would continue it did not start in time"));
    watchdog.once("error", (error) => end(error.message));
    watchdog.once("exit", () => end("the process that would continue it ended at once"));
    watchdog.once("message", (message) => {
      const { trouble } = fieldsOf(message);
      end(typeof trouble === "string" ? trouble : undefined);
    });
    watchdog.send(config, (error) => {
      if (error !== null) end(error.message);
    });
  });
}
