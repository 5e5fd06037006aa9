// shares: bus
// Credentials files as they lie on disks: read, or refused with the reason.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createUser } from "@nats-io/nkeys";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { credentialsFile } from "../../src/bus/core/credentials-text.ts";
import { readCredentialsFile } from "../../src/bus/credentials-file.ts";
import { goldenOf } from "../support/golden.ts";

const test = suite("credentials file");
const golden = goldenOf(test, "bus");

const folder = mkdtempSync(join(tmpdir(), "creds-test-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));

const user = createUser();
const [publicKey, seed] = [user.getPublicKey(), Buffer.from(user.getSeed()).toString()];
const token = (sub: string): string => `e30.${Buffer.from(JSON.stringify({ sub })).toString("base64url")}.c2ln`;
const good = credentialsFile(token(publicKey), seed);

function written(bytes: string | Uint8Array): string {
  const path = join(folder, "ratings.creds");
  writeFileSync(path, bytes);
  return path;
}

test("as it was printed, and as a shell on Windows writes it", () => {
  for (const bytes of [good, Buffer.from(`\ufeff${good.replaceAll("\n", "\r\n")}`, "utf16le")]) {
    const read = readCredentialsFile(written(bytes));
    assert.ok(read.kind === "good");
    assert.is(read.credentials.text, good);
  }
});

test("what cannot work is refused with the reason, and nothing of the seed", () => {
  const other = Buffer.from(createUser().getSeed()).toString();
  const typo = seed.replace(/(?<=^.{20})./, (one) => (one === "A" ? "B" : "A"));
  const cases: readonly (readonly [string, RegExp])[] = [
    [good.replace(seed, other), /^cannot be used, as its seed is not that of its token$/],
    [good.replace(seed, typo), /^cannot be used, as its seed is not that of its token$/],
    ["", /^cannot be used, as it holds no credentials$/],
  ];
  for (const [text, expected] of cases) {
    const read = readCredentialsFile(written(text));
    assert.ok(read.kind === "bad");
    assert.match(read.why, expected);
    assert.not.match(read.why, /[A-Z2-7]{20}/);
  }
  golden(readCredentialsFile(folder));
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  for (const path of [pipe, "/dev/null"]) golden(readCredentialsFile(path));
  const missing = readCredentialsFile(join(folder, "none.creds"));
  golden(missing.kind === "bad" ? missing.why : "");
});

test.run();
