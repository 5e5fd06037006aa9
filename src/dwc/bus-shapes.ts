// What is found where a bus should be, and whether it has heard of a change. Only shapes.

export type BusLook =
  | { readonly kind: "bus"; readonly url: string; readonly secured: boolean }
  /** Something else has the port. */
  | { readonly kind: "stranger"; readonly url: string }
  /** Something accepted and said nothing: perhaps a bus that is paused. */
  | { readonly kind: "silent"; readonly url: string }
  | { readonly kind: "nothing"; readonly url: string };

/** Whether the bus that runs knows of a change. */
export type Told =
  | { readonly kind: "told" }
  | { readonly kind: "no-bus" }
  /** It asks nobody who they are. */
  | { readonly kind: "open"; readonly url: string }
  /** It goes on as before. */
  | { readonly kind: "untold"; readonly url: string; readonly why: string };
