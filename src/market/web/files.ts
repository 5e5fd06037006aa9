// The Market's own files: catalogue, views, assets. They lie beside the sources and are found through the imports map
// of package.json, which resolves alike from src and from dist. So no build step has to copy them. All are read once at
// start.
//
// Assets are style sheets, scripts and drawings, in a table by name. A request can only name an entry of that table, so
// there is no path traversal and no disk access. Pages link to them with a digest of their content (`?v=…`), so that a
// browser may keep them for good. A change is a new address. Without the digest the browser has to revalidate each
// time, by ETag.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Context } from "koa";
import { messageOf } from "../../util/errors.ts";
import { type Catalogue, parseCatalogue } from "../shop/core/catalogue.ts";
import { valuesOf } from "./core/target.ts";

export interface Asset {
  readonly name: string;
  readonly type: string;
  readonly body: Buffer;
  readonly digest: string;
}

export type Assets = ReadonlyMap<string, Asset>;

export const ASSETS_PATH = "/static/";
const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml; charset=utf-8",
};
/** 64 bits of SHA-256: enough to distinguish versions; the digest protects nothing. */
const DIGEST_CHARACTERS = 16;
/** A year, in seconds: HTTP caches take it as "for good". */
const KEEP = "public, max-age=31536000, immutable";
const ASK_AGAIN = "no-cache";

/**
 * Reads every file of a folder, and `others` from elsewhere.
 * @throws for a file whose extension has no content type here
 */
export function readAssets(folder: string, others: readonly string[] = []): Assets {
  const files = [...readdirSync(folder).map((name) => join(folder, name)), ...others];
  const assets = files.map((file) => toAsset(basename(file), readFileSync(file)));
  return new Map(assets.map((asset) => [asset.name, asset]));
}

/** The address that a page links to. @throws for an unknown name: such a link is a bug */
export function assetUrl(assets: Assets, name: string): string {
  const asset = assets.get(name);
  if (asset === undefined) throw new Error(`there is no ${name} in src/market/public`);
  return `${ASSETS_PATH}${name}?v=${asset.digest}`;
}

/** Responds with an asset, or with 304 where the browser has it already. */
export function sendAsset(ctx: Context, asset: Asset): void {
  ctx.status = 200;
  ctx.type = asset.type;
  ctx.etag = asset.digest;
  ctx.set("Cache-Control", isOf(ctx.querystring, asset) ? KEEP : ASK_AGAIN);
  if (ctx.fresh) ctx.status = 304;
  else ctx.body = asset.body;
}

/** The query has the digest of this content, exactly once. */
function isOf(querystring: string, { digest }: Asset): boolean {
  const [version, ...more] = valuesOf(querystring, "v");
  return version === digest && more.length === 0;
}

function toAsset(name: string, body: Buffer): Asset {
  const type = TYPES[extname(name)];
  if (type === undefined) throw new Error(`src/market/public/${name} has an extension that the Market does not serve`);
  return { name, type, body, digest: createHash("sha256").update(body).digest("hex").slice(0, DIGEST_CHARACTERS) };
}

/** The absolute path of a file or folder of src/market. */
export function marketFile(name: string): string {
  return fileURLToPath(import.meta.resolve(`#root/src/market/${name}`));
}

/** The absolute path of a compiled file of src. */
export const compiledFile = (name: string): string => fileURLToPath(import.meta.resolve(`#root/dist/src/${name}`));

/**
 * Reads the catalogue that is shipped with the Market.
 * @throws Error that lists every problem: a broken catalogue is a broken installation
 */
export function readCatalogue(path = marketFile("catalogue.json")): Catalogue {
  const result = parseCatalogue(readJson(path));
  if (result.kind === "read") return result.catalogue;
  throw new Error(`${path} cannot be used:\n  ${result.problems.join("\n  ")}`);
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new Error(`${path} cannot be read: ${messageOf(error)}`);
  }
}
