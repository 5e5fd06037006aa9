// What the Ratings window shows, besides a line for each request. Pure: events in, lines out.

import { shownAddress } from "../bus/subjects.ts";
import type { Line } from "../program/log.ts";
import type { InstanceEvent } from "../service/instance-options.ts";
import type { LogLevel } from "../settings.ts";

/** Whose window it is. */
export interface Speaker {
  readonly instance: number;
  readonly pid: number;
  /** Where the bus is looked for, as the settings have it. */
  readonly natsUrls: readonly string[];
}

/** @param event `leaving` and `left` are the program's own, around its goodbye */
export function instanceLine(speaker: Speaker, event: InstanceEvent | { readonly kind: "leaving" | "left" }): Line {
  const { instance, pid, natsUrls } = speaker;
  const urls = natsUrls.join(", ");
  switch (event.kind) {
    case "waiting":
      return line("WARNING", instance, `waits for a bus at ${urls}: start one with  make market  or  nats-server`);
    case "up":
      return line("INFO", instance, `is up: pid ${pid}, ${shownAddress(event.address)}`);
    case "resumed":
      return line("INFO", instance, `resumed after a pause of ${(event.pausedMs / 1000).toFixed(1)} s`);
    case "dropped":
      return line("INFO", instance, `dropped ${event.count} expired ${event.count === 1 ? "request" : "requests"}`);
    case "failed":
      return line(
        "ERROR",
        instance,
        `failed on a request: ${event.error instanceof Error ? event.error.stack : event.error}`,
      );
    case "away":
      return line("WARNING", instance, `lost the bus at ${urls}, and looks for it until it is back`);
    case "back":
      return line("INFO", instance, "is back on the bus");
    case "leaving":
      return line("INFO", instance, "is leaving: it finishes what it has");
    case "left":
      return line("INFO", instance, "has left");
  }
}

const line = (level: LogLevel, instance: number, text: string): Line => ({
  level,
  logger: "ratings",
  text: `- instance ${instance} ${text}`,
});
