// shares: identity
// The state in its file, and whatever else may lie in its place.

import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createService } from "../../../src/dwc/identity/core/services.ts";
import { type Org, refused, type State } from "../../../src/dwc/identity/core/state.ts";
import { paths } from "../../../src/dwc/identity/derived-files.ts";
import { natsMint } from "../../../src/dwc/identity/mint.ts";
import { changeState, readState } from "../../../src/dwc/identity/state-file.ts";
import { clock, Folder } from "../../support/orgs.ts";
import { asUnprivileged } from "../../support/unprivileged.ts";

const test = suite<{ folder: Folder }>("state file");

test.before.each((context) => {
  context.folder = new Folder();
});
test.after.each(({ folder }) => folder.remove());

test("only its owner can read anything of it", async ({ folder }) => {
  const before = process.umask(0);
  try {
    await folder.createOrg();
    await folder.createService("ratings");
  } finally {
    process.umask(before);
  }
  const entries = readdirSync(folder.path, { recursive: true, withFileTypes: true });
  assert.ok(entries.some((entry) => entry.name === "ratings.creds"));
  for (const entry of entries) {
    const mode = statSync(join(entry.parentPath, entry.name)).mode & 0o777;
    assert.is(mode, entry.isDirectory() ? 0o700 : 0o600, entry.name);
  }
});

test("a folder without a state reads as an empty state, and reading makes no folder", ({ folder }) => {
  const elsewhere = join(folder.path, "none", "yet");
  assert.equal(readState(elsewhere), { kind: "read", state: { operator: null, orgs: [], currentOrgId: null } });
  assert.not.ok(existsSync(elsewhere));
});

test("a state of another user is reported with the command that hands it back", async ({ folder }) => {
  await folder.createOrg();
  chmodSync(folder.path, 0o711);
  chmodSync(paths.state(folder.path), 0);
  const read = asUnprivileged(folder.path, () => readState(folder.path));
  const cure = `type  sudo chown -R "$USER" ${folder.path}  if it is yours`;
  assert.ok(read.kind === "unreadable" && read.why.includes(cure), JSON.stringify(read));
});

/** Tries every change on what lies there: each is refused with the file's name, and not a byte is changed. */
async function isLeftAlone(folder: Folder, what: string): Promise<void> {
  const path = paths.state(folder.path);
  const before = readFileSync(path);
  const read = readState(folder.path);
  assert.ok(read.kind === "unreadable" && read.why.includes(path), `${what}: ${JSON.stringify(read).slice(0, 80)}`);
  const changed = await changeState({ folder: folder.path, clock }, (state) => ({ kind: "done", state: { ...state } }));
  assert.ok(changed.kind === "refused" && changed.code === "state-unreadable", what);
  assert.not.match(changed.why, /S[OAU][A-Z2-7]{40}/);
  assert.equal(readFileSync(path), before, what);
}

test("what is cut short, changed or foreign is refused and never overwritten", async ({ folder }) => {
  await folder.createOrg();
  const path = paths.state(folder.path);
  const good = readFileSync(path);
  for (const length of [0, 1, good.length >> 1, good.length - 3]) {
    truncateSync(path, length);
    await isLeftAlone(folder, `cut at ${length}`);
    writeFileSync(path, good);
  }
  for (let place = 40; place < good.length - 3; place += 97) {
    const changed = Buffer.from(good);
    changed[place] = changed[place] === 0x41 ? 0x42 : 0x41;
    writeFileSync(path, changed);
    if (JSON.stringify(JSON.parse(String(good))) === tryJson(changed)) continue; // white space says nothing
    await isLeftAlone(folder, `changed at ${place}`);
  }
  const old = '{"orgID":"LSLYJQ8228","orgs":{"LSLYJQ8228":{"email":"a@b.c","service_tokens":{}}}}';
  for (const foreign of ["{}", "null", "[]", '"x"', old, "\u0000\u0001", "# yaml: true", "9".repeat(1_000)]) {
    writeFileSync(path, foreign);
    await isLeftAlone(folder, `foreign: ${foreign.slice(0, 20)}`);
  }
});

function tryJson(bytes: Buffer): string | undefined {
  try {
    return JSON.stringify(JSON.parse(bytes.toString("utf8")));
  } catch {
    return undefined;
  }
}

/** The file as it would be had its writer put that state there: with the right sum. */
function writeEdited(folder: Folder, edit: (state: State) => State): void {
  const state = edit(JSON.parse(JSON.stringify(folder.state)) as State);
  const file = JSON.parse(readFileSync(paths.state(folder.path), "utf8")) as object;
  const sum = createHash("sha256").update(JSON.stringify(state)).digest("hex");
  writeFileSync(paths.state(folder.path), JSON.stringify({ ...file, sum, state }));
}

/** The credentials with the seed of others. */
const withSeedOf = (creds: string, others: string): string =>
  creds.replace(/SU[A-Z2-7]{56}/, /SU[A-Z2-7]{56}/.exec(others)?.[0] ?? "");

test("a seed that is filed under another key is refused, wherever it stands", async ({ folder }) => {
  await folder.createOrg();
  await folder.createService("ratings");
  const { state } = folder;
  const { me, services } = folder.org;
  const [ratings] = services;
  const { operator } = state;
  if (ratings === undefined || operator === null) throw new Error("no service, or no operator");
  const account = natsMint.newKey("account").seed;
  const inOrg = (part: Partial<Org>) => (before: State) => ({
    ...before,
    orgs: before.orgs.map((org) => ({ ...org, ...part })),
  });
  const edits: readonly (readonly [string, (before: State) => State])[] = [
    ["orgs.0.authority.accountSeed", inOrg({ authority: { kind: "owner", accountSeed: account } })],
    ["orgs.0.authority.accountSeed", inOrg({ authority: { kind: "owner", accountSeed: operator.systemSeed } })],
    ["operator.seed", (before) => ({ ...before, operator: { ...operator, seed: natsMint.newKey("operator").seed } })],
    ["operator.systemSeed", (before) => ({ ...before, operator: { ...operator, systemSeed: account } })],
    ["orgs.0.me.creds", inOrg({ me: { ...me, creds: withSeedOf(me.creds, ratings.creds) } })],
    ["orgs.0.services.0.creds", inOrg({ services: [{ ...ratings, creds: withSeedOf(ratings.creds, me.creds) }] })],
  ];
  const good = readFileSync(paths.state(folder.path));
  for (const [where, edit] of edits) {
    writeEdited(folder, edit);
    await isLeftAlone(folder, where);
    const read = readState(folder.path);
    assert.ok(read.kind === "unreadable" && read.why.includes(`its part "${where}" is not as it should be`), where);
    writeFileSync(paths.state(folder.path), good);
  }
  writeEdited(folder, (before) => before);
  assert.equal(folder.state, state, "the sum is not what is refused");
});

test("a state of a later version is left to that version", async ({ folder }) => {
  await folder.createOrg();
  const path = paths.state(folder.path);
  const file = JSON.parse(readFileSync(path, "utf8")) as object;
  writeFileSync(path, JSON.stringify({ ...file, version: 2 }));
  await isLeftAlone(folder, "version 2");
});

test("what is no file, or may not be written, is refused with a sentence", async ({ folder }) => {
  mkdirSync(paths.state(folder.path));
  const read = readState(folder.path);
  assert.ok(read.kind === "unreadable" && /is not a file/.test(read.why));
  rmSync(paths.state(folder.path), { recursive: true });
  writeFileSync(join(folder.path, "a-file"), "");
  const inAFile = { folder: join(folder.path, "a-file", "state"), clock };
  const changed = await changeState(inAFile, (state) => ({ kind: "done", state: { ...state } }));
  assert.ok(changed.kind === "refused" && /^state-un/.test(changed.code), JSON.stringify(changed));
  if (process.getuid?.() === 0) return; // root may write anywhere
  chmodSync(folder.path, 0o500);
  const denied = await changeState({ folder: folder.path, clock }, (state) => ({ kind: "done", state: { ...state } }));
  chmodSync(folder.path, 0o700);
  assert.ok(denied.kind === "refused" && denied.code === "state-unwritable");
});

test("a change whose lock was removed meanwhile writes nothing, and the other one stays", async ({ folder }) => {
  const { path } = folder;
  await folder.createOrg();
  const before = await changeState({ folder: path, clock }, async (state) => {
    rmSync(paths.lock(path), { recursive: true, force: true });
    await folder.createOrg("Intruder");
    return { kind: "done", state: { ...state, orgs: [] } };
  });
  assert.is(before.kind === "refused" && before.code, "state-busy");
  assert.is(folder.org.name, "Intruder");
});

test("a refusal writes nothing", async ({ folder }) => {
  await folder.createOrg();
  const before = readFileSync(paths.state(folder.path));
  const { mtimeMs } = statSync(paths.state(folder.path));
  await changeState({ folder: folder.path, clock }, () => refused("not-allowed", "no"));
  assert.equal(readFileSync(paths.state(folder.path)), before);
  assert.is(statSync(paths.state(folder.path)).mtimeMs, mtimeMs);
});

test("a refusal makes nothing, where no state is and where one was put without a lock", async ({ folder }) => {
  const { path } = folder;
  const none = join(path, "not", "there");
  const refuse = (at: string) => changeState({ folder: at, clock }, () => refused("not-allowed", "no"));
  const same = (at: string) => changeState({ folder: at, clock }, (state) => ({ kind: "done", state }));
  for (const change of [refuse, same]) {
    for (const at of [none, path]) await change(at);
    assert.equal(readdirSync(path), [], "an empty folder, and one that is not there");
  }
  await folder.createOrg();
  rmSync(paths.lock(path), { recursive: true });
  rmSync(dirname(paths.lock(path)), { recursive: true });
  const before = readdirSync(path, { recursive: true });
  assert.is((await refuse(path)).kind, "refused");
  writeFileSync(paths.state(path), "damaged");
  const damaged = await same(path);
  assert.is(damaged.kind === "refused" && damaged.code, "state-unreadable");
  assert.equal(readdirSync(path, { recursive: true }), before);
});

test("a decision is made again under the lock: it never rests on a state of before", async ({ folder }) => {
  const { path } = folder;
  const seen: number[] = [];
  await changeState({ folder: path, clock }, async (state) => {
    seen.push(state.orgs.length);
    if (seen.length === 1) await folder.createOrg("Meanwhile");
    return { kind: "done", state: { ...state } };
  });
  assert.equal([seen, folder.org.name], [[0, 1], "Meanwhile"]);
});

/** Moves a file away, and puts a link in its place. */
function moveBehindLink(path: string, target: string): void {
  mkdirSync(dirname(target), { recursive: true });
  renameSync(path, target);
  symlinkSync(target, path);
}

test("a link stays a link: what it leads to is changed, as a whole, by one at a time", async ({ folder }) => {
  await folder.createOrg();
  await folder.createService("ratings");
  const { id, trust } = folder.org;
  const elsewhere = mkdtempSync(join(tmpdir(), "elsewhere-test-"));
  const links = [
    paths.state(folder.path),
    paths.personCreds(folder.path, id),
    paths.serviceCreds(folder.path, id, "ratings"),
    paths.serverConfig(folder.path, trust.operatorKey),
  ];
  for (const [at, path] of links.entries()) moveBehindLink(path, join(elsewhere, String(at), "target"));
  const other = mkdtempSync(join(tmpdir(), "other-test-"));
  symlinkSync(relative(other, paths.state(folder.path)), paths.state(other));
  const { ino } = statSync(paths.state(folder.path));
  const names = Array.from({ length: 6 }, (_, at) => `service-${at}`);
  await Promise.all(
    names.map((name, at) => {
      const change = (state: State) => createService(state, { name, holdsSeconds: null }, { mint: natsMint, now: 0 });
      return changeState({ folder: at % 2 === 0 ? folder.path : other, clock }, change);
    }),
  );
  assert.equal(folder.serviceNames, ["ratings", ...names].toSorted(), "two folders with one state change it in turn");
  for (const path of [...links, paths.state(other)]) assert.ok(lstatSync(path).isSymbolicLink(), path);
  assert.is.not(statSync(paths.state(folder.path)).ino, ino, "another file, renamed over it");
  assert.is(statSync(paths.state(folder.path)).mode & 0o777, 0o600);
  assert.equal(readdirSync(join(elsewhere, "1")), ["target"], "nothing is left beside it");
  await folder.revoke("ratings");
  assert.not.ok(existsSync(join(elsewhere, "2", "target")), "the credentials behind the link are gone as well");
  assert.not.ok(existsSync(links[2] ?? ""));
  for (const path of [elsewhere, other]) rmSync(path, { recursive: true });
});

test("a link to another file system is followed, too", async ({ folder }) => {
  const volume = "/dev/shm";
  if (!existsSync(volume) || statSync(volume).dev === statSync(folder.path).dev) return;
  const elsewhere = mkdtempSync(join(volume, "elsewhere-test-"));
  symlinkSync(join(elsewhere, "state.json"), paths.state(folder.path));
  writeFileSync(join(elsewhere, "state.json.aside-0123"), "of a killed writer");
  symlinkSync(elsewhere, paths.creds(folder.path));
  await folder.createOrg();
  await folder.createService("ratings");
  assert.equal(folder.serviceNames, ["ratings"]);
  assert.equal(readdirSync(elsewhere).sort(), [folder.org.id, "identity.lock", "state.json"].sort());
  rmSync(elsewhere, { recursive: true });
});

test("a link to nothing yet is followed, and one that leads in a circle is refused", async ({ folder }) => {
  const state = paths.state(folder.path);
  symlinkSync(join(folder.path, "deep", "state.json"), state);
  await folder.createOrg();
  assert.ok(lstatSync(state).isSymbolicLink() && statSync(state).isFile());
  rmSync(state);
  symlinkSync(state, state);
  const circle = await changeState({ folder: folder.path, clock }, (before) => ({
    kind: "done",
    state: { ...before },
  }));
  assert.ok(circle.kind === "refused" && /^state-un/.test(circle.code) && /ELOOP/.test(circle.why));
});

test("what was derived and got lost is made again with the next change", async ({ folder }) => {
  await folder.createOrg();
  await folder.createService("ratings");
  const { id, trust } = folder.org;
  const lost = [paths.serviceCreds(folder.path, id, "ratings"), paths.serverConfig(folder.path, trust.operatorKey)];
  for (const path of lost) rmSync(path);
  await folder.change((state) => ({ kind: "done", state }));
  for (const path of lost) assert.ok(existsSync(path), path);
});

test("what lies beside the credentials stays, also behind a link; those of the past do not", async ({ folder }) => {
  await folder.createOrg();
  await folder.createService("ratings");
  const creds = paths.creds(folder.path);
  const elsewhere = join(folder.path, "elsewhere");
  renameSync(creds, elsewhere);
  symlinkSync(elsewhere, creds);
  const kept = [join(elsewhere, "notes.txt"), join(elsewhere, folder.org.id, "of-cy.creds")];
  for (const path of kept) writeFileSync(path, "mine");
  await folder.revoke("ratings");
  for (const path of kept) assert.ok(existsSync(path), path);
  assert.not.ok(existsSync(paths.serviceCreds(folder.path, folder.org.id, "ratings")));
});

test.run();
