import { execFile } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { KEY_FILE, marketKeys, parseKeys } from "../../../src/market/web/keys.ts";
import { goldenOf } from "../../support/golden.ts";
import { asUnprivileged } from "../../support/unprivileged.ts";

const test = suite("keys");
const golden = goldenOf(test, "market");
const root = mkdtempSync(join(tmpdir(), "market-keys-"));
test.after(() => rmSync(root, { recursive: true }));

let folders = 0;
function freshFolder(): string {
  folders += 1;
  return join(root, `state-${folders}`);
}
const keysIn = (stateDir: string): ReturnType<typeof marketKeys> => marketKeys({ marketKeys: undefined, stateDir });
const permissions = (path: string): number => statSync(path).mode & 0o777;

test("keys from the settings are used as they are, and no file is made", () => {
  const stateDir = freshFolder();
  assert.equal(marketKeys({ marketKeys: ["one", "two"], stateDir }), { keys: ["one", "two"], warning: undefined });
  assert.not.ok(existsSync(stateDir));
});

test("a missing file is made, for its owner only, and found again", () => {
  const stateDir = join(freshFolder(), "deep");
  const { keys, warning } = keysIn(stateDir);
  assert.is(warning, undefined);
  assert.match(keys[0] ?? "", /^[0-9a-f]{64}$/);
  assert.is(permissions(stateDir), 0o700);
  assert.is(permissions(join(stateDir, KEY_FILE)), 0o600);
  assert.equal(readdirSync(stateDir), [KEY_FILE]);
  assert.equal(keysIn(stateDir), { keys, warning: undefined });
});

test("Markets that start at once end with one key", async () => {
  const stateDir = freshFolder();
  const program = `const { marketKeys } = await import(process.argv[1]);
    process.stdout.write(JSON.stringify(marketKeys({ marketKeys: undefined, stateDir: process.argv[2] })));`;
  const module = import.meta.resolve("../../../src/market/web/keys.js");
  const start = (): Promise<{ stdout: string }> =>
    promisify(execFile)(process.execPath, ["--input-type=module", "-e", program, module, stateDir]);
  const outputs = await Promise.all(Array.from({ length: 6 }, async () => (await start()).stdout));
  assert.is(new Set(outputs).size, 1, outputs.join("\n"));
  assert.is(JSON.parse(outputs[0] ?? "{}").warning, undefined);
  assert.equal(readdirSync(stateDir), [KEY_FILE]);
});

test("several keys rotate: the first of the file comes first", () => {
  const stateDir = freshFolder();
  mkdirSync(stateDir);
  writeFileSync(join(stateDir, KEY_FILE), `${"n".repeat(16)}\r\n\n  ${"o".repeat(20)}  \n`, { mode: 0o600 });
  assert.equal(keysIn(stateDir), { keys: ["n".repeat(16), "o".repeat(20)], warning: undefined });
});

test("a file that holds anything else is reported and never overwritten", () => {
  for (const text of [
    "",
    "\n",
    "short\n",
    `${"k".repeat(32)}\nshort`,
    "\0".repeat(32),
    "two words of sixteen",
    "k".repeat(20_000),
  ]) {
    const stateDir = freshFolder();
    mkdirSync(stateDir);
    writeFileSync(join(stateDir, KEY_FILE), text, { mode: 0o600 });
    const { keys, warning } = keysIn(stateDir);
    assert.is(keys.length, 1);
    golden(warning ?? "");
    assert.is(readFileSync(join(stateDir, KEY_FILE), "utf8"), text);
    assert.equal(readdirSync(stateDir), [KEY_FILE]);
  }
});

test("where no file can be, this process has a key of its own and says why", () => {
  const file = join(root, "a-file");
  writeFileSync(file, "");
  const first = keysIn(join(file, "state"));
  const second = keysIn(file);
  assert.match(first.warning ?? "", /ENOTDIR/);
  golden(second.warning ?? "");
  assert.is.not(first.keys[0], second.keys[0]);
});

test("a folder in the file's place is reported", () => {
  const stateDir = freshFolder();
  mkdirSync(join(stateDir, KEY_FILE), { recursive: true });
  golden(keysIn(stateDir).warning ?? "");
});

test("a key that others can read is used, and reported with the command that mends it", () => {
  const stateDir = freshFolder();
  const { keys } = keysIn(stateDir);
  chmodSync(join(stateDir, KEY_FILE), 0o644);
  const found = keysIn(stateDir);
  assert.equal(found.keys, keys);
  assert.match(found.warning ?? "", /type {2}chmod 600 .*market-keys$/);
});

test("keys are printable, without spaces, sixteen characters or more", () => {
  assert.equal(parseKeys("0123456789abcdef"), ["0123456789abcdef"]);
  for (const text of ["0123456789abcde", "0123456789 abcdef", "0123456789abcdé0", ""])
    assert.is(parseKeys(text), undefined, text);
});

test("a folder that its owner may not read is reported", () => {
  const folder = freshFolder();
  mkdirSync(folder);
  chmodSync(folder, 0o777);
  const umask = process.umask(0o777);
  try {
    assert.match(asUnprivileged(root, () => keysIn(join(folder, "state"))).warning ?? "", /EACCES/);
  } finally {
    process.umask(umask);
    chmodSync(join(folder, "state"), 0o700);
  }
});

test.run();
