// The last resort of every report. A user's own `report` may throw as any listener may; nothing may end by that, and the
// sentence is not lost.

import type { Report } from "./throttled-reporter.ts";

/** A report that never throws: a sentence that it could not take goes to stderr. */
export function safely(report: (sentence: string) => unknown): Report {
  return (sentence) => {
    const sayElsewhere = (): void => console.error(sentence);
    try {
      const returned = report(sentence);
      if (returned instanceof Promise) returned.catch(sayElsewhere);
    } catch {
      sayElsewhere();
    }
  };
}
