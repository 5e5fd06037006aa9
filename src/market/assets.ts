// The style sheet and the drawings. They are read once at start into a table of names, and a request can only name an
// entry of that table: there is no path to walk out of, and no disk in the way of a page.
//
// Pages link to them with a digest of their content (`?v=…`), so a browser may keep them for good and a change is a new
// address. Without that digest they are served too, but asked for anew each time (by ETag).

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { basename, extname, join } from "node:path";
import type { Context } from "koa";
import { valuesOf } from "./core/query.ts";

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
/** 64 bits of SHA-256: nobody attacks this, it only has to tell versions apart. */
const DIGEST_CHARACTERS = 16;
/** A year, in seconds: what HTTP understands as "for good". */
const KEEP = "public, max-age=31536000, immutable";
const ASK_AGAIN = "no-cache";

/**
 * Reads every file of a folder, and some from elsewhere.
 * Throws on one of a kind that has no type here, as it would be served wrongly.
 */
export function readAssets(folder: string, others: readonly string[] = []): Assets {
  const files = [...readdirSync(folder).map((name) => join(folder, name)), ...others];
  const assets = files.map((file) => toAsset(basename(file), readFileSync(file)));
  return new Map(assets.map((asset) => [asset.name, asset]));
}

/** The address that a page links to. Throws on an unknown name: a link to nothing is a bug. */
export function assetUrl(assets: Assets, name: string): string {
  const asset = assets.get(name);
  if (asset === undefined) throw new Error(`there is no ${name} in src/market/public`);
  return `${ASSETS_PATH}${name}?v=${asset.digest}`;
}

/** Answers with an asset, or with 304 where the browser has it already. */
export function sendAsset(ctx: Context, asset: Asset): void {
  ctx.status = 200;
  ctx.type = asset.type;
  ctx.etag = asset.digest;
  ctx.set("Cache-Control", isOf(ctx.querystring, asset) ? KEEP : ASK_AGAIN);
  if (ctx.fresh) ctx.status = 304;
  else ctx.body = asset.body;
}

/** The address names this content, once. */
function isOf(querystring: string, { digest }: Asset): boolean {
  const [version, ...more] = valuesOf(querystring, "v");
  return version === digest && more.length === 0;
}

function toAsset(name: string, body: Buffer): Asset {
  const type = TYPES[extname(name)];
  if (type === undefined) throw new Error(`src/market/public/${name} is of a kind that the Market does not serve`);
  return { name, type, body, digest: createHash("sha256").update(body).digest("hex").slice(0, DIGEST_CHARACTERS) };
}
