// The file of the cookie keys: what is kept in it, what is not taken from it, and what the Market says about it.

import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { KEY_FILE, marketKeys, parseKeys } from "../../../src/market/web/keys.ts";
import { goldenOf } from "../../support/golden.ts";

const test = suite("keys");
const goldenText = goldenOf(test, "market");
/** Every folder has the same name in the golden file, whichever tests run. */
const golden = (text = ""): void => goldenText(text.replace(/state-\d+/, "state"));
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
    golden(warning);
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
  golden(second.warning);
  assert.is.not(first.keys[0], second.keys[0]);
});

test("a folder in the file's place is reported", () => {
  const stateDir = freshFolder();
  mkdirSync(join(stateDir, KEY_FILE), { recursive: true });
  golden(keysIn(stateDir).warning);
});

test("a file longer than any rotation is some other file; the longest that is read has 16,384 bytes", () => {
  const stateDir = freshFolder();
  mkdirSync(stateDir);
  const path = join(stateDir, KEY_FILE);
  const key = "k".repeat(32);
  const longest = `${key}\n`.padEnd(16_384, "\n");
  writeFileSync(path, longest, { mode: 0o600 });
  assert.equal(keysIn(stateDir), { keys: [key], warning: undefined });
  writeFileSync(path, `${longest}\n`, { mode: 0o600 });
  assert.match(keysIn(stateDir).warning ?? "", "it is longer than 16384 bytes");
});

test("a link that leads nowhere is not replaced, and this process has a key of its own", () => {
  const stateDir = freshFolder();
  mkdirSync(stateDir);
  symlinkSync("nonesuch", join(stateDir, KEY_FILE));
  const { keys, warning } = keysIn(stateDir);
  assert.match(keys[0] ?? "", /^[0-9a-f]{64}$/);
  assert.match(warning ?? "", "(it was removed while it was made): carts end with this process; to keep them, ");
  assert.equal(readdirSync(stateDir), [KEY_FILE], "no temporary file is left");
});

test("a folder that cannot be made is reported with the system's reason", () => {
  const folder = freshFolder();
  symlinkSync("nonesuch", folder);
  assert.match(keysIn(folder).warning ?? "", /^cookie keys cannot be kept in .* \(ENOENT: .*\): carts end/);
});

test("a key that others can read is used, and reported with the command that mends it", () => {
  const stateDir = freshFolder();
  const { keys } = keysIn(stateDir);
  chmodSync(join(stateDir, KEY_FILE), 0o644);
  const found = keysIn(stateDir);
  assert.equal(found.keys, keys);
  assert.match(
    found.warning ?? "",
    /^others on this machine can read the cookie keys in .*: type {2}chmod 600 \S*market-keys$/,
  );
  for (const mode of [0o640, 0o604, 0o601]) {
    chmodSync(join(stateDir, KEY_FILE), mode);
    assert.is.not(keysIn(stateDir).warning, undefined, mode.toString(8));
  }
  chmodSync(join(stateDir, KEY_FILE), 0o700);
  assert.equal(keysIn(stateDir), { keys, warning: undefined });
});

test("the command that mends it can be typed for every path", () => {
  const typed = (name: string): string => {
    const stateDir = join(root, name);
    mkdirSync(stateDir);
    writeFileSync(join(stateDir, KEY_FILE), "k".repeat(32));
    chmodSync(join(stateDir, KEY_FILE), 0o644);
    return keysIn(stateDir).warning?.split("chmod 600 ")[1] ?? "";
  };
  assert.is(typed("an-Org.2"), join(root, "an-Org.2", KEY_FILE));
  assert.is(typed("of two"), `'${join(root, "of two", KEY_FILE)}'`);
  assert.is(typed("$HOME"), `'${join(root, "$HOME", KEY_FILE)}'`);
  assert.is(typed("Anna's 'n"), `'${root}/Anna'\\''s '\\''n/${KEY_FILE}'`);
});

test("keys are printable, without spaces, sixteen characters or more", () => {
  assert.equal(parseKeys("0123456789abcdef"), ["0123456789abcdef"]);
  for (const text of ["0123456789abcde", "0123456789 abcdef", "0123456789abcdé0", ""])
    assert.is(parseKeys(text), undefined, text);
});

test.run();
