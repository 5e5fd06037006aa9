// The terminal that demo and tour print on.

import type { Look } from "../../src/activity/core/shown.ts";
import { timeOfDay } from "../../src/clock.ts";

/** Of a terminal that does not report its size. */
const COLUMNS = 80;

/** Node reads NO_COLOR, FORCE_COLOR and TERM. */
export const lookOf = (output: NodeJS.WriteStream): Look => ({
  colour: output.isTTY === true && output.hasColors(),
  columns: output.isTTY === true ? output.columns || COLUMNS : Number.POSITIVE_INFINITY,
  timeOfDay,
});
