// Several instances from one command, each a process of its own: `kill -STOP` on one pid pauses that instance alone, as
// in production.

import type { Clock } from "../clock.ts";
import { programLine } from "../program/core/program-events.ts";
import type { Log } from "../program/log.ts";
import { type Child, type ChildEnd, endAll, startChild } from "../program/processes.ts";

export interface FleetOptions {
  /** Path of the compiled program that runs one instance. */
  readonly script: string;
  readonly count: number;
  readonly clock: Clock;
  readonly say: Log;
}

export interface Fleet {
  /** Resolves when every instance has ended, with the worst of their exit codes. */
  readonly ended: Promise<number>;
  close(): Promise<void>;
}

export function startFleet({ script, count, clock, say }: FleetOptions): Fleet {
  const numbers = Array.from({ length: count }, (_, place) => place + 1);
  let closing = false;
  const children = numbers.map((instance) => {
    const child = startChild({ script, args: ["--instance", String(instance)] });
    void child.ended.then((end) => {
      if (!closing) say(programLine("ratings.ended", endLine(instance, child, end)));
    });
    return child;
  });
  const ended = Promise.all(children.map((child) => child.ended));
  return {
    ended: ended.then((ends) => Math.max(0, ...ends.map(({ code }) => code ?? 1))),
    close: async () => {
      closing = true;
      await endAll(children, clock);
    },
  };
}

function endLine(instance: number, { pid }: Child, { code, signal }: ChildEnd): string {
  const how = signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
  return `instance ${instance} (pid ${pid}) ${how}: start it again with  make startRatings INSTANCE=${instance}`;
}
