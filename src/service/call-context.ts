// The state that the calls of one client share.

import type { Resolver } from "../health/balancer.ts";
import type { CallBudget } from "../health/call-budget.ts";
import type { Deprioritized } from "../health/deprioritized.ts";
import type { HedgePolicy } from "../health/hedge.ts";
import type { HealthEvent } from "../health/member.ts";
import type { Tracker } from "../health/tracker.ts";
import type { StrandedCall } from "../health/unavailable.ts";
import type { Trace } from "../trace/core/trace.ts";
import type { ResolvedClientOptions } from "./client-options.ts";
import type { CancelRuns } from "./core/cancel-runs.ts";
import type { DirectSubjects } from "./core/direct-subjects.ts";
import type { RequestTimeWriter } from "./core/request-headers.ts";
import type { LateWatch } from "./late-watch.ts";
import type { Why } from "./outcome.ts";

/** Shared by the calls of one client. */
export interface CallContext {
  readonly options: ResolvedClientOptions;
  readonly tracker: Tracker;
  readonly resolver: Resolver;
  readonly requestTime: RequestTimeWriter;
  readonly subjects: DirectSubjects;
  readonly cancelRuns: CancelRuns;
  /** Undefined without HEDGE=1. */
  readonly hedge: HedgePolicy | undefined;
  readonly deprioritized: Deprioritized;
  readonly retryBudget: CallBudget;
  readonly lateWatch: LateWatch;
  /** Emits events of the tracker and the resolver. */
  readonly emitAll: (events: readonly HealthEvent[], trace: Trace | undefined) => void;
  /** Publishes a roll call: every instance that receives it sends a heartbeat at once. */
  readonly sendRollCall: () => void;
  /** Counts a call without an eligible instance, and returns why there is none. */
  readonly shortCircuit: (call: StrandedCall) => Why;
  /** Counts a call that failed on its caller's side before an instance was picked. */
  readonly countFailed: (why: Required<Why>) => void;
}
