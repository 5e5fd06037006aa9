// A table that is monitored, and the time that a test gives it.

import type { InstanceRef } from "../../src/health/member.ts";
import type { Result } from "../../src/health/result.ts";
import { ServiceMonitor } from "../../src/monitor/monitor.ts";
import type { InstanceRow, Snapshot } from "../../src/monitor/snapshot.ts";
import type { AttemptOutcome } from "../../src/service/client-options.ts";
import { DEFAULT_RULES, HealthHarness } from "../support/health-harness.ts";

export const WALL = 1_700_000_000_000;

/** A monitored table: its events are recorded when they are emitted, and its attempts when they end. */
export class MonitoredTable {
  readonly table: HealthHarness;
  readonly monitor = new ServiceMonitor({
    service: "ratings",
    version: "1.0.0",
    rules: DEFAULT_RULES,
    startedAt: WALL,
  });
  now = 0;

  constructor(random?: () => number) {
    this.table = new HealthHarness({}, random);
    this.table.onEvent = (change) => this.monitor.recordEvent(change, this.now);
    this.monitor.bus = "connected";
  }

  at(now: number): this {
    this.now = now;
    return this;
  }

  beats(...instances: number[]): void {
    for (const instance of instances) this.table.beats(instance, this.now);
  }

  hangs(instance: number): void {
    this.table.hangs(instance, this.now);
    this.counted(this.table.member(instance).who, "timeout", 1000);
  }

  counted(
    who: InstanceRef,
    result: Result,
    tookMs: number,
    more: Partial<Extract<AttemptOutcome, { kind: "attempt" }>> = {},
  ): void {
    this.monitor.recordAttempt(
      {
        kind: "attempt",
        operation: "get",
        who,
        result,
        tookMs,
        sentAs: "call",
        isRetry: false,
        isRefusal: false,
        ...more,
      },
      this.now,
    );
  }

  snapshot(): Snapshot {
    return this.monitor.snapshot(this.table, this.now, WALL + this.now);
  }

  row(instance: number): InstanceRow {
    const found = this.snapshot().instances.find((row) => row.instance === instance);
    if (found === undefined) throw new Error(`instance ${instance} is not listed`);
    return found;
  }
}
