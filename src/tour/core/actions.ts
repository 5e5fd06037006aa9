// Actions that the tour does at a key. Each is safe to do twice.

export type TourAction =
  | { readonly do: "load" }
  | { readonly do: "start" | "end"; readonly instances: readonly number[] }
  | { readonly do: "pause" | "resume" | "kill"; readonly instance: number };

/** An instance that the tour has started. `killed`: until it is started again. */
export type OwnedState = "running" | "paused" | "killed";
export type Owned = ReadonlyMap<number, OwnedState>;

/** "starts instances 1, 2, 3", for a sentence that begins with a key. */
export function actionText(action: TourAction): string {
  switch (action.do) {
    case "load":
      return "loads the page";
    case "start":
    case "end":
      return `${action.do}s ${instancesText(action.instances)}`;
    case "resume":
      return `continues instance ${action.instance}`;
    default:
      return `${action.do}s instance ${action.instance}`;
  }
}

/** "instance 1", "instances 1, 2". */
export const instancesText = (instances: readonly number[]): string =>
  `${instances.length === 1 ? "instance" : "instances"} ${instances.join(", ")}`;
