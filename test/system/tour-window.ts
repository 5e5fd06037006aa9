// A terminal window in which the tour is typed.

import { repository } from "../support/repository.ts";
import { openWindow, type Window } from "../support/terminal.ts";
import type { World } from "../support/world.ts";

/** The limit of one line that is waited for. */
export const TIMEOUT_MS = 30_000;

/** As typed in the window. */
export const COMMAND = `${process.execPath} dist/bin/tour.js\n`;

/** A Market on a port of its own, and the world's bus and state folder. */
export const environment = (world: World): NodeJS.ProcessEnv => ({
  ...process.env,
  ...{ PORT: "0", NATS_URL: world.natsUrl, DWC_STATE: world.stateDir },
});

export async function openTour(world: World): Promise<Window> {
  const window = await openWindow({ name: "TOUR", cwd: repository, env: environment(world) });
  window.type(COMMAND);
  return window;
}
