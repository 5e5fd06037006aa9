// The Market's data files: catalogue, views, assets. They lie beside the sources and are found through the imports map
// of package.json, which resolves alike from src and from dist. So no build step has to copy them.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { messageOf } from "../util/errors.ts";
import { type Catalogue, parseCatalogue } from "./core/catalogue.ts";

/** The absolute path of a file or folder of src/market. */
export function marketFile(name: string): string {
  return fileURLToPath(import.meta.resolve(`#root/src/market/${name}`));
}

/** The absolute path of a compiled file of src/market. */
export const compiledFile = (name: string): string =>
  fileURLToPath(import.meta.resolve(`#root/dist/src/market/${name}`));

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
