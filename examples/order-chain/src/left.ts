import type { CallContext } from "datawire-connect";

/** How long the caller of a request still waits, in ms. */
export const leftMs = ({ deadline }: CallContext): number => Math.round(deadline - Date.now());
