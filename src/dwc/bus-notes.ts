// What is said of the bus after a change: a word only where a person has to do something. Pure.

import type { Told } from "./bus-shapes.ts";

export function busNotes(told: Told): readonly string[] {
  switch (told.kind) {
    case "told":
    case "no-bus": // the next one reads the state when it is started
      return [];
    case "open":
      return [
        `Note: the bus that runs at ${told.url} is open, and stays so until it is started anew: whoever reaches it can join.`,
        `To secure it, end it (^C in the window of the Market that started it), then  ${RESTART}`,
      ];
    case "untold":
      return [
        `Note: the bus that runs at ${told.url} does not obey this org (${told.why}).`,
        `For one that does, end it, then  ${RESTART}`,
      ];
  }
}

/** How a bus comes that believes this state folder: the Market's own, or one by hand. */
export const RESTART = 'make add-ratings  or  nats-server -c "$(bin/dwc nats-config)"';
