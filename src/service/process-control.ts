// What a fault may do to the process that it is asked of: stop it as `kill -STOP` does, and kill it. A stopped process
// can do nothing for itself, so before it stops a second one stands ready to continue it, and a third one in case that
// the second is killed meanwhile.

import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { readBusAddress } from "../bus/core/bus-address.ts";
import type { Credentials, CredentialsSource } from "../bus/core/credentials.ts";
import type { BusHistory, OpenBusRule } from "../bus/core/open-bus.ts";
import type { Clock } from "../clock.ts";
import { defaultClock } from "./default-clock.ts";
import type { PauseRequest, WatchdogConfig } from "./pause-order.ts";

export type PauseHandle =
  | {
      readonly kind: "armed";
      /** Starts the time of the pause in both watches. Resolves to false when one of them is gone: then it must not stop. */
      begin(): Promise<boolean>;
      /** Stops this process, here and now. Returns when somebody has continued it. */
      stop(): void;
      /** It will not be stopped after all. */
      release(): void;
    }
  | { readonly kind: "failed"; readonly why: string };

export interface OwnProcess {
  /** Resolves once somebody stands ready to end the pause, whatever becomes of whoever asked for it. */
  arm(request: PauseRequest): Promise<PauseHandle>;
  kill(): void;
}

export interface OwnProcessOptions {
  readonly natsUrls: readonly string[];
  readonly credentials?: Credentials | undefined;
  /** As for the bus of the instance: whoever watches over a pause logs in with what is there by then. */
  readonly readAgain?: CredentialsSource | undefined;
  readonly clock?: Clock;
  /** As for the bus of the instance (NatsBusOptions). */
  readonly openBus?: OpenBusRule | undefined;
  readonly history?: BusHistory | undefined;
}

/** Starting a program and finding the bus takes half a second, on a busy machine ten times that. */
const READY_TIMEOUT_MS = 10_000;
/**
 * The watch is let go so long after the stop: a timer that fires at all fires in a process that runs again. At once, it
 * could leave before the kernel has stopped us.
 */
const RELEASE_WATCHDOGS_AFTER_MS = 50;

export function ownProcess(options: OwnProcessOptions): OwnProcess {
  const { natsUrls, clock = defaultClock() } = options;
  return {
    arm: async (request) => {
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
        begin: async () => (await Promise.all([watchdog, backup].map(startTime))).every((isStarted) => isStarted),
        stop: () => {
          // Somebody is missing who would continue us: then we do not stop.
          if (watchdog.connected && backup.connected) process.kill(process.pid, "SIGSTOP");
          clock.after(RELEASE_WATCHDOGS_AFTER_MS, release);
        },
        release: release,
      };
    },
    kill: () => process.kill(process.pid, "SIGKILL"),
  };
}

function credentialsNow({ credentials, readAgain }: OwnProcessOptions): Credentials | undefined {
  const read = readAgain?.();
  return (read?.kind === "read" ? read.credentials : undefined) ?? credentials;
}

/** The watch is a process without a history of its own: it goes by that of the instance. */
function watchdogBusRule({ natsUrls, openBus, history }: OwnProcessOptions): OpenBusRule | undefined {
  const hadLogins = history?.hadLogins(natsUrls.map(readBusAddress)) === true;
  return hadLogins && openBus !== "join" ? "refuse" : openBus;
}

/**
 * In our process group, so that ^C and ^Z reach it too, and with a channel, by whose end it knows of ours. What it needs
 * it is told there: credentials belong neither into arguments nor into an environment.
 */
function startWatchdog(...args: readonly string[]): ChildProcess {
  const script = fileURLToPath(new URL("./pause-watchdog.js", import.meta.url));
  return fork(script, args, { stdio: ["ignore", "ignore", "ignore", "ipc"], execArgv: [] });
}

/** The message is written before this process may stop: a watch that never read it would never continue it. */
function startTime(watchdog: ChildProcess): Promise<boolean> {
  if (!watchdog.connected) return Promise.resolve(false);
  return new Promise((resolve) => watchdog.send("begin", (error) => resolve(error === null)));
}

/** @returns why nobody stands ready; undefined: somebody does */
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
      const { trouble } = Object(message) as { trouble?: unknown };
      end(typeof trouble === "string" ? trouble : undefined);
    });
    watchdog.send(config, (error) => {
      if (error !== null) end(error.message);
    });
  });
}
