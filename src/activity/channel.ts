// The channel from a program to the program that started it, on which it reports what happens (processes.ts opens it).

import type { Clock } from "../clock.ts";
import { filteredLog, type Log } from "../program/log.ts";
import type { LogLevel } from "../settings.ts";
import type { Activity } from "./core/activity.ts";

export type Report = (activity: Activity) => void;

/** @returns undefined: no program of ours has started this one */
export function reportToParent(): Report | undefined {
  if (process.channel === undefined) return undefined;
  return (activity) => {
    // The parent may end at any time. This program then ends as well.
    if (process.connected) process.send?.({ activity }, undefined, undefined, () => undefined);
  };
}

/** What a child has sent. Children are programs of ours, of this very version. @returns undefined: it is something else */
export function activityIn(message: unknown): Activity | undefined {
  return (Object(message) as { readonly activity?: Activity }).activity;
}

/** A log that prints nothing: its lines go to the parent. Those of pages and of calls do not. */
export const reportedLog = (report: Report, level: LogLevel, clock: Pick<Clock, "wall">): Log =>
  filteredLog(level, ({ level, logger, event, text }) => {
    if (logger !== undefined) report({ kind: "line", at: clock.wall(), line: { level, logger, event, text } });
  });
