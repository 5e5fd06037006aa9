// TLS before a bus: certificates, made when needed, and a TLS proxy.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, type TLSSocket } from "node:tls";

export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
  remove(): void;
}

/** A self-signed certificate, for 127.0.0.1 by default. */
export function makeCertificate(names = "IP:127.0.0.1"): Certificate {
  const folder = mkdtempSync(join(tmpdir(), "tls-test-"));
  const [certFile, keyFile] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const subject = ["-subj", "/CN=test bus", "-addext", `subjectAltName=${names}`];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", keyFile];
  execFileSync("openssl", ["req", "-x509", "-days", "2", ...key, "-out", certFile, ...subject], { stdio: "ignore" });
  return { certFile, keyFile, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export interface TlsProxy {
  readonly port: number;
  /** Connections that have been accepted so far, and those that are open. */
  readonly accepted: number;
  readonly open: number;
  /** Ends all connections, and takes new ones. */
  cut(): void;
  close(): Promise<void>;
}

/** Ends TLS and forwards the content to a server on this machine. Sends nothing by itself. */
export async function startTlsProxy({ certFile, keyFile }: Certificate, onward: number): Promise<TlsProxy> {
  const sockets = new Set<TLSSocket>();
  let accepted = 0;
  const server = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, (socket) => {
    sockets.add(socket);
    const inner = createConnection(onward, "127.0.0.1");
    inner.on("error", () => socket.destroy()).on("close", () => socket.destroy());
    socket
      .on("error", () => inner.destroy())
      .on("close", () => {
        sockets.delete(socket);
        inner.destroy();
      });
    socket.pipe(inner).pipe(socket);
  });
  server.on("connection", () => {
    accepted += 1;
  });
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    get accepted() {
      return accepted;
    },
    get open() {
      return sockets.size;
    },
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
