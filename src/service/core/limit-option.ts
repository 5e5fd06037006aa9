// The option `limit` of an instance: checked, and completed by its default.

import { aWholeNumber, checkOptions, type Rules, required } from "../../util/options.ts";
import type { RequestLimit } from "./admission.ts";

/** More requests than fit into the memory of a process. */
const MAX_REQUESTS = 1_000_000;

interface LimitOption {
  readonly concurrent: number;
  readonly queued?: number | undefined;
}

const RULES: Rules<LimitOption> = {
  concurrent: required(aWholeNumber(1, MAX_REQUESTS)),
  queued: aWholeNumber(0, MAX_REQUESTS),
};

/**
 * @returns undefined: no limit
 * @throws TypeError with the field that breaks its rule
 */
export function limitOf(given: LimitOption | undefined): RequestLimit | undefined {
  if (given === undefined) return undefined;
  checkOptions("limit", given, RULES);
  const { concurrent, queued = concurrent } = given;
  return { concurrent, queued };
}
