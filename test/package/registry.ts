// An npm registry on this machine, with the packages of given folders: an install needs no network, and its cache may be
// empty.

import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "./command.ts";

export interface Registry {
  readonly url: string;
  close(): Promise<void>;
}

interface Packed {
  readonly name: string;
  readonly version: string;
  readonly filename: string;
}

const TARBALLS = "/-/";

/** @param folders each with a package as npm installed it */
export async function startRegistry(folders: readonly string[]): Promise<Registry> {
  const store = mkdtempSync(join(tmpdir(), "registry-"));
  const env = { HOME: store };
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", store, ...folders];
  const packed: readonly Packed[] = JSON.parse((await runCommand("npm", args, { cwd: store, env })).stdout);
  const server = createServer(({ url = "" }, response) => {
    const name = decodeURIComponent(url.slice(1));
    const index = packed.findIndex((one) => one.name === name);
    const [one, folder] = [packed[index], folders[index]];
    if (url.startsWith(TARBALLS)) response.end(readFileSync(join(store, url.slice(TARBALLS.length))));
    else if (one === undefined || folder === undefined) response.writeHead(404).end("{}");
    else response.end(JSON.stringify(metadataOf(one, folder)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  function metadataOf({ name, version, filename }: Packed, folder: string): object {
    const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const integrity = `sha512-${createHash("sha512")
      .update(readFileSync(join(store, filename)))
      .digest("base64")}`;
    const dist = { tarball: `${at}${TARBALLS}${filename}`, integrity };
    return { name, "dist-tags": { latest: version }, versions: { [version]: { ...manifest, dist } } };
  }

  return {
    url: at,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(store, { recursive: true, force: true });
    },
  };
}
