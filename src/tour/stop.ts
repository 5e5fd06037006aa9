// The parts of a stop of the tour.

/** Actions that the tour can do for the person. Each is safe to do twice. */
export type StopAction =
  | { readonly do: "load" }
  | { readonly do: "start"; readonly instances: readonly number[] }
  | { readonly do: "end"; readonly instances: readonly number[] }
  | { readonly do: "pause" | "resume" | "kill"; readonly instance: number };

/** One thing that the person does, and the lines of the Market that show its effect. */
export interface Task {
  /** The instruction, for a person with one terminal and a browser. */
  readonly ask: string;
  readonly actions: readonly StopAction[];
  /** The awaited lines, in any order; at least one. */
  readonly until: readonly RegExp[];
}

export interface Stop {
  readonly title: string;
  /** The introduction, line by line. */
  readonly intro: readonly string[];
  readonly tasks: readonly Task[];
  /** The conclusion, printed at the end. */
  readonly learnt: string;
  /** Instances that must run before this stop, for a tour that resumes here. */
  readonly needs: readonly number[];
}
