// The one word for what is believed of an instance: board, terminal and the other Markets all use it.

/** What a person is told first, the worst first: so the list is in the order of the board. */
export const STATES = ["open", "retesting", "lost", "probation", "draining", "well", "left"] as const;
export type InstanceState = (typeof STATES)[number];
