// A server that greets as an open bus does and records all input: the input that an attacker on a free port would read.

import { createServer, type Socket } from "node:net";

export interface Honeypot {
  readonly connections: number;
  /** Everything that clients sent to it. */
  readonly received: string;
  close(): Promise<void>;
}

const INFO = `INFO ${JSON.stringify({ server_id: "TRAP", server_name: "trap", version: "2.9.10", proto: 1, headers: true, max_payload: 1_048_576 })}\r\n`;

/** @param turnsAway given the first words of each connection */
export function startHoneypot(port: number, turnsAway = (_words: string): boolean => false): Promise<Honeypot> {
  const sockets = new Set<Socket>();
  const state = { connections: 0, received: "" };
  const server = createServer((socket) => {
    state.connections += 1;
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (chunk) => {
      state.received += chunk.toString("latin1");
      if (turnsAway(chunk.toString("latin1"))) socket.destroy();
      if (chunk.includes("PING")) socket.write("PONG\r\n");
    });
    socket.write(INFO);
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () =>
      resolve({
        get connections() {
          return state.connections;
        },
        get received() {
          return state.received;
        },
        close: () => {
          for (const socket of sockets) socket.destroy();
          return new Promise((done) => server.close(() => done()));
        },
      }),
    );
  });
}
