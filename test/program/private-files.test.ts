// shares: identity
// Files of the state: folders that are made, and files that are either the old or the new one.

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
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { paths } from "../../src/dwc/identity/derived-files.ts";
import { makePrivateDir, removeTempFiles, writeFileAtomic } from "../../src/program/private-files.ts";

const test = suite<{ folder: string }>("state folder");

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "folder-test-"));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }));

const modeOf = (path: string): number => statSync(path).mode & 0o777;

test("a folder is made with all that is above it, for its owner alone, and once more is no trouble", ({ folder }) => {
  const deep = join(folder, "a", "b", "c");
  makePrivateDir(deep);
  makePrivateDir(deep);
  for (const path of [deep, join(folder, "a"), join(folder, "a", "b")]) assert.is(modeOf(path), 0o700, path);
});

test("what was there before keeps its mode", ({ folder }) => {
  const theirs = join(folder, "theirs");
  mkdirSync(theirs);
  chmodSync(theirs, 0o755);
  makePrivateDir(join(theirs, "ours"));
  assert.is(modeOf(theirs), 0o755);
});

test("a relative folder is made where one is", ({ folder }) => {
  const before = process.cwd();
  process.chdir(folder);
  try {
    makePrivateDir("x/y");
  } finally {
    process.chdir(before);
  }
  assert.ok(existsSync(join(folder, "x", "y")));
});

test("a file in its place, or above it, is an error with its code", ({ folder }) => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  assert.throws(() => makePrivateDir(file), /EEXIST/);
  assert.throws(() => makePrivateDir(join(file, "below")), /ENOTDIR|EEXIST/);
});

test("where the system makes no folders it is an error, and not a wait without end", () => {
  if (existsSync("/proc/self")) assert.throws(() => makePrivateDir("/proc/none/x"), /ENOENT|EACCES|EPERM/);
});

test("a file is written whole or not at all, and nothing is left beside it", ({ folder }) => {
  const path = join(folder, "deep", "file");
  writeFileAtomic(paths.tempFiles(folder), path, "one");
  writeFileAtomic(paths.tempFiles(folder), path, "two");
  assert.is(readFileSync(path, "utf8"), "two");
  assert.is(modeOf(path), 0o600);
  assert.equal(readdirSync(paths.tempFiles(folder)), []);
  const inTheWay = join(folder, "a-folder");
  mkdirSync(join(inTheWay, "with-something"), { recursive: true });
  assert.throws(() => writeFileAtomic(paths.tempFiles(folder), inTheWay, "three"));
  assert.equal(readdirSync(paths.tempFiles(folder)), [], "a failed one takes its own away");
});

test("a reader gets the old or the new content, never a part", ({ folder }) => {
  const path = join(folder, "file");
  writeFileAtomic(paths.tempFiles(folder), path, "old");
  const inode = statSync(path).ino;
  writeFileAtomic(paths.tempFiles(folder), path, "new");
  assert.is.not(statSync(path).ino, inode, "another file, renamed over it");
});

test("what killed writers left is taken away", ({ folder }) => {
  mkdirSync(paths.tempFiles(folder));
  writeFileSync(join(paths.tempFiles(folder), "0123"), "half");
  removeTempFiles(paths.tempFiles(folder));
  removeTempFiles(paths.tempFiles(folder));
  assert.not.ok(existsSync(paths.tempFiles(folder)));
});

test.run();
