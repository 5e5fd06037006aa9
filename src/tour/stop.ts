// What a stop of the tour is made of.

/** What the tour does itself when the person asks it to: each is safe to do twice. */
export type StopAction =
  | { readonly do: "load" }
  | { readonly do: "start"; readonly instances: readonly number[] }
  | { readonly do: "end"; readonly instances: readonly number[] }
  | { readonly do: "pause" | "resume" | "kill"; readonly instance: number };

/** One thing that the person does, and by which lines of the Market one sees that it has happened. */
export interface Task {
  /** What to do, as a person at one terminal and a browser does it. */
  readonly ask: string;
  readonly actions: readonly StopAction[];
  /** All of them, in any order; at least one. */
  readonly until: readonly RegExp[];
}

export interface Stop {
  readonly title: string;
  /** What is about to be seen, a line each. */
  readonly tells: readonly string[];
  readonly tasks: readonly Task[];
  /** What has been learnt, once it has been seen. */
  readonly learnt: string;
  /** Instances that have to run before, for a tour that is taken up here. */
  readonly needs: readonly number[];
}
