// The admin listener: a second server on 127.0.0.1 with its own limit of connections. Visitors cannot use up the
// connections of operators, nor viewers of the board those of visitors.

import { createServer, type Server } from "node:http";
import { httpOptions, limitConnections } from "../program/connections.ts";
import type { StartResult } from "../program/program.ts";
import type { Settings } from "../settings.ts";
import { createAdminApp } from "./admin-app.ts";
import type { AppDeps } from "./app-deps.ts";
import { listen, shownUrl } from "./listen.ts";
import type { Site } from "./site.ts";

/** No other machine reaches this address. */
const ADMIN_HOST = "127.0.0.1";

export interface AdminOptions {
  readonly shop: AppDeps;
  readonly site: Site;
  readonly shopUrl: string;
  readonly settings: Pick<Settings, "port" | "adminPort" | "keepAliveMs">;
  /** The current limit of connections. */
  readonly most: () => number;
}

export type AdminResult =
  | { readonly kind: "open"; readonly server: Server }
  | { readonly kind: "off" }
  | Extract<StartResult, { kind: "refused" }>;

export async function openAdminListener({ shop, site, shopUrl, settings, most }: AdminOptions): Promise<AdminResult> {
  const { port, adminPort, keepAliveMs } = settings;
  if (adminPort === "off") return { kind: "off" };
  const server = createServer(httpOptions(keepAliveMs));
  limitConnections(server, createAdminApp(shop, site, shopUrl).callback(), most);
  const listening = await listen(server, {
    setting: "ADMIN_PORT",
    port: adminPort,
    host: ADMIN_HOST,
    taken: port,
  });
  return listening.kind === "refused" ? listening : { kind: "open", server };
}

/** The address of the board, and the sentence that the Market logs about it at its start. */
export function boardPlace(
  admin: Exclude<AdminResult, { kind: "refused" }>,
  shopUrl: string,
  { board }: Pick<Settings, "board">,
): { readonly url: string | undefined; readonly text: string } {
  const publicUrl = board === "public" ? `${shopUrl}/board` : undefined;
  const isPublic = publicUrl === undefined ? "" : `the board is public at ${publicUrl}`;
  if (admin.kind === "off") return { url: publicUrl, text: isPublic || "there is no board: ADMIN_PORT is off" };
  const url = `${shownUrl(admin.server)}/board`;
  const text = `the board is at ${url}, for this machine only`;
  return { url, text: publicUrl === undefined ? text : `${text}; without faults ${isPublic}` };
}
