// Credentials of an earlier version: no program goes to the bus with them, and each says what replaces them.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { callerPartOf } from "../../../src/bus/credentials.ts";
import { loginIdentity } from "../../../src/dwc/identity/credentials.ts";
import { natsMint } from "../../../src/dwc/identity/mint.ts";

const test = suite("credentials of an earlier version");

const folder = mkdtempSync(join(tmpdir(), "earlier-test-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));

test("are refused before the bus is, for a Market and for an instance", async () => {
  const account = natsMint.newKey("account");
  const permissions = (publicKey: string) => ({
    pub: { allow: ["ratings.get"] },
    sub: { allow: [`_INBOX.${callerPartOf(publicKey)}.>`] },
  });
  const spec = { name: "ratings", account: account.publicKey, signer: account.seed, permissions, expiresAt: null };
  const { creds } = await natsMint.creds(spec);
  const natsCreds = join(folder, "earlier.creds");
  writeFileSync(natsCreds, creds);
  for (const role of [{ kind: "market" }, { kind: "service", name: "ratings" }] as const) {
    const found = loginIdentity({ stateDir: folder, natsCreds }, role);
    assert.ok(found.kind === "refused", role.kind);
    assert.match(found.why, /credentials of ratings were issued by an earlier version.*bin\/dwc renew/);
    assert.not.match(found.why, /SU[A-Z2-7]{56}/);
  }
});

test.run();
