// Servers of a test on a free port of this machine.

import type { AddressInfo, Server } from "node:net";

/** An HTTP server is one, too. @returns the port */
export async function listen(server: Server, port = 0): Promise<number> {
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}
