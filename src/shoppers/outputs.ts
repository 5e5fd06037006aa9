// The two outputs of shoppers: a terminal or a pipe for a person, and the channel to the Market that started them.

import { reportMessage, type ShoppersReport } from "../monitor/traffic.ts";
import { fittedLine, startLine, statusLine, summaryLines } from "./core/lines.ts";
import type { ShoppersOutput } from "./shoppers.ts";

export interface PersonOptions {
  /** Prints the text as it is. */
  readonly print: (text: string) => void;
  /** Columns of the terminal; undefined: the output is a pipe or a file. */
  readonly columns: (() => number) | undefined;
  /** The Market's page. */
  readonly url: string;
}

/** A pipe gets every tenth report: a line for each second would fill a file. */
const PIPED_EVERY = 10;
/** Back to the first column, and clears the row. */
const SAME_ROW = "\r\u001b[K";

export function personOutput({ print, columns, url }: PersonOptions): ShoppersOutput {
  let reports = 0;
  return {
    started: (rate) => print(`${startLine(url, rate)}\n`),
    report: (report) => {
      reports += 1;
      if (columns !== undefined) print(`${SAME_ROW}${fittedLine(statusLine(report), columns())}`);
      else if (reports % PIPED_EVERY === 0) print(`${statusLine(report)}\n`);
    },
    ended: (totals, ranMs) => {
      const lines = summaryLines(totals, ranMs).join("\n");
      print(`${columns === undefined ? "" : SAME_ROW}${lines}\n`);
    },
  };
}

/** @param send over the channel to the parent */
export function parentOutput(send: (message: unknown) => void): ShoppersOutput {
  return {
    started: () => undefined,
    report: (report: ShoppersReport) => send(reportMessage(report)),
    ended: () => undefined,
  };
}
