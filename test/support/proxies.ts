// Real proxies before a Market. Each is a child process with a folder and a port of its own, and a TLS certificate made
// for the test. None touches the installed one: no file below /etc is read or written.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { findProgram, programFolders } from "../../src/bus/server/server-process.ts";
import { freePort } from "./nats-server.ts";
import { repository } from "./repository.ts";
import { until } from "./until.ts";

export type ProxyName = "nginx" | "caddy" | "haproxy";

/** Where bin/prepare unpacks an nginx. */
const UNPACKED = join(repository, ".prepared/nginx/usr/sbin");
const START_LIMIT_MS = 20_000;
/** As docs/operating.md has it. */
const SHOP_NAME = "shop.example";

/** Path of the program; undefined: this machine has none. */
export const findProxy = (name: ProxyName): string | undefined =>
  findProgram(name, [...programFolders(process.env["PATH"]), UNPACKED]);

export const canMakeCertificates = (): boolean =>
  findProgram("openssl", programFolders(process.env["PATH"])) !== undefined;

export interface RunningProxy {
  readonly port: number;
  stop(): Promise<void>;
}

export interface ProxyFiles {
  readonly folder: string;
  readonly port: number;
  readonly certificate: string;
  readonly key: string;
  /** Both in one file, as HAProxy has it. */
  readonly both: string;
}

/**
 * Starts a proxy that speaks TLS.
 * @param configOf its configuration, from where it has to listen and what it has to show
 */
export async function startProxy(name: ProxyName, configOf: (files: ProxyFiles) => string): Promise<RunningProxy> {
  const program = findProxy(name);
  if (program === undefined) throw new Error(`this machine has no ${name}`);
  const files = await makeFiles();
  const config = join(files.folder, name === "caddy" ? "Caddyfile" : "config");
  writeFileSync(config, configOf(files));
  const child = spawn(program, argumentsOf(name, config, files.folder), {
    cwd: files.folder,
    env: { PATH: process.env["PATH"], HOME: files.folder, XDG_DATA_HOME: files.folder, XDG_CONFIG_HOME: files.folder },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (said += String(chunk)));
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  try {
    await until(
      `${name} listens`,
      () => accepts(files.port),
      START_LIMIT_MS,
      () => said,
    );
  } catch (error) {
    await stop(child, ended, files.folder);
    throw error;
  }
  return { port: files.port, stop: () => stop(child, ended, files.folder) };
}

async function stop(child: ChildProcess, ended: Promise<void>, folder: string): Promise<void> {
  child.kill("SIGTERM");
  await ended;
  rmSync(folder, { recursive: true, force: true });
}

async function makeFiles(): Promise<ProxyFiles> {
  const folder = mkdtempSync(join(tmpdir(), "proxy-"));
  for (const name of ["temp", "logs"]) mkdirSync(join(folder, name));
  const [certificate, key, both] = ["shop.pem", "shop.key", "both.pem"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const subject = ["-subj", `/CN=${SHOP_NAME}`, "-addext", `subjectAltName=DNS:${SHOP_NAME}`];
  const made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  execFileSync("openssl", [...made, ...subject, "-keyout", key, "-out", certificate], { stdio: "ignore" });
  writeFileSync(both, readFileSync(certificate, "utf8") + readFileSync(key, "utf8"));
  return { folder, port: await freePort(), certificate, key, both };
}

/** In the foreground, with all that they write in the folder. */
function argumentsOf(name: ProxyName, config: string, folder: string): readonly string[] {
  switch (name) {
    case "nginx":
      return ["-p", folder, "-c", config, "-e", "stderr"];
    case "caddy":
      return ["run", "--config", config, "--adapter", "caddyfile"];
    case "haproxy":
      return ["-db", "-f", config];
  }
}

/** The configuration that nginx needs around `server`. */
export const nginxAround = (server: string): string => `
daemon off;
master_process off;
pid nginx.pid;
error_log stderr;
events {}
http {
  access_log off;
  client_body_temp_path temp/body;
  proxy_temp_path temp/proxy;
  fastcgi_temp_path temp/fastcgi;
  uwsgi_temp_path temp/uwsgi;
  scgi_temp_path temp/scgi;
${server}
}
`;

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", servername: SHOP_NAME, rejectUnauthorized: false }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
