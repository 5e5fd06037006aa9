// Servers that stop half-way: each greets, sends INFO, or answers up to a point and no further.

import { createServer, type Socket } from "node:net";
import { listen } from "./listen.ts";

export interface PartialServer {
  readonly url: string;
  readonly accepted: number;
  /** Connections that are open now. */
  readonly open: number;
  close(): Promise<void>;
}

export const INFO =
  'INFO {"server_id":"X","version":"2.9.10","proto":1,"max_payload":1048576,"headers":true,"auth_required":true}\r\n';
export const INFO_TLS = INFO.replace('"proto"', '"tls_required":true,"proto"');

/** @param act called with each connection */
export async function startPartialServer(act: (socket: Socket) => void, scheme = "nats"): Promise<PartialServer> {
  const sockets = new Set<Socket>();
  let accepted = 0;
  const server = createServer((socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    socket.resume(); // who reads nothing does not see that the other side has hung up
    act(socket);
  });
  const port = await listen(server);
  return {
    url: `${scheme}://127.0.0.1:${port}`,
    get accepted() {
      return accepted;
    },
    get open() {
      return sockets.size;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Does something once the other side has sent its login. */
export const afterLogin =
  (act: (socket: Socket) => void) =>
  (socket: Socket): void => {
    socket.write(INFO);
    socket.once("data", () => act(socket));
  };
