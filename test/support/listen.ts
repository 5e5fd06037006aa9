// Servers of a test on a free port of this machine.

import type { Server } from "node:net";
import { freePort } from "./free-port.ts";

/** An HTTP server is one, too. @returns the port, which something else may have after it */
export async function listen(server: Server, wanted?: number): Promise<number> {
  const port = wanted ?? (await freePort());
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return port;
}
