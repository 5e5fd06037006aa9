// The states of an instance, as the board, the terminal and the other Markets name them.

/** The worst first: the order of the board. */
export const STATES = ["open", "retesting", "lost", "probation", "draining", "healthy", "left"] as const;
export type InstanceState = (typeof STATES)[number];
