import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readCatalogue } from "../../../src/market/web/files.ts";
import { goldenOf } from "../../support/golden.ts";

const test = suite("files");
const golden = goldenOf(test, "market");
const folder = mkdtempSync(join(tmpdir(), "market-files-"));
test.after(() => rmSync(folder, { recursive: true }));

function refusalOf(text: string): string {
  const path = join(folder, "catalogue.json");
  writeFileSync(path, text);
  try {
    readCatalogue(path);
    return "";
  } catch (error) {
    return String(error);
  }
}

test("a catalogue that breaks a rule is refused with the file and every problem", () => {
  golden(refusalOf('{"kite":{"title":"Kite","rating":5}}'));
});

test("a file that is no JSON, or not there, is named", () => {
  golden(refusalOf("{"));
  assert.throws(() => readCatalogue(join(folder, "nonesuch.json")), /nonesuch\.json cannot be read: ENOENT/);
});

test.run();
