// takes: 10 s
// shares: dwc
// Invitations whose maker has put parts of the reader's own org into them: typed into the real dwc, they change no file.

import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Org } from "../../../src/dwc/identity/core/state.ts";
import { resolveCredentials } from "../../../src/dwc/identity/credentials.ts";
import { codeOf, type Invitation, readCode } from "../../../src/dwc/identity/invitation-code.ts";
import { natsMint } from "../../../src/dwc/identity/mint.ts";
import { goldenOf } from "../../support/golden.ts";
import { clock, Folder } from "../../support/orgs.ts";
import { Desk, SECRET } from "../run-dwc.ts";

const test = suite("forged invitations");
const golden = goldenOf(test, "dwc/dwc");
let ann: Folder;
let eve: Folder;
let desk: Desk;

test.before(async () => {
  [ann, eve, desk] = [new Folder(), new Folder(), new Desk()];
  await ann.createOrg("Ann's Org");
  await ann.createService("ratings");
  await eve.createOrg("Eve's Org", "eve@example.org");
});
test.after(() => {
  desk.clear();
  ann.remove();
  eve.remove();
});

/** Each file of the folder with what is in it; the lock's own says who has held it last. */
function filesOf({ path }: Folder): Readonly<Record<string, string>> {
  const names = readdirSync(path, { recursive: true, encoding: "utf8" }).filter(
    (name) => !name.startsWith("identity.lock"),
  );
  const files = names.map((name) => join(path, name)).filter((file) => lstatSync(file).isFile());
  return Object.fromEntries(files.sort().map((file) => [file, readFileSync(file, "utf8")]));
}

/** Signed by Eve's org, which is what the code names. */
async function forged(change: (invitation: Invitation, own: Org) => Partial<Invitation>): Promise<string> {
  const { authority } = eve.org;
  const read = readCode(await eve.invite(`ann${clock.now()}@example.org`, true), natsMint.isSignedBy);
  if (read.kind === "bad" || authority.kind !== "owner") throw new Error("Eve owns an org");
  const invitation = { ...read.invitation, ...change(read.invitation, ann.org) };
  return codeOf(invitation, (bytes) => natsMint.sign(authority.accountSeed, bytes));
}

const withId: Parameters<typeof forged>[0] = ({ org }, { id, name }) => ({ org: { ...org, id, name } });
const withOperatorKey: Parameters<typeof forged>[0] = ({ trust }, own) => ({
  trust: { ...trust, operatorKey: own.trust.operatorKey },
});

test("the id of an own org, or the own operator's key, is refused as it is typed", async () => {
  const before = filesOf(ann);
  for (const change of [withId, withOperatorKey]) {
    const env = { DWC_STATE: ann.path };
    const { code, stdout, stderr } = await desk.type(["accept-invitation", "-"], { stdin: await forged(change), env });
    assert.equal([code, stdout], [1, ""], stderr);
    golden(stderr);
    assert.not.match(stderr, SECRET);
    assert.equal(filesOf(ann), before);
  }
});

test("an address from an invitation is quoted in the line that leads back to its org", async () => {
  const ben = new Folder();
  try {
    const { id } = await ben.accept(await eve.invite("`id`@example.org"));
    const found = resolveCredentials(
      { stateDir: ben.path, natsCreds: undefined },
      { kind: "service", name: "ratings" },
    );
    await ben.createOrg("Ben's Org", "ben@example.org");
    const again = found.kind === "found" ? found.readAgain?.() : undefined;
    const cure = again?.kind === "read" ? again.hint : "";
    assert.ok(cure?.startsWith(`type  bin/dwc login '\`id\`@example.org' --org-id ${id}; `), cure);
  } finally {
    ben.remove();
  }
});

test.run();
