// The permissions granted to a person, as the owner's folder keeps them.

import { createHash } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { adminPermissions, marketPermissions, servicePermissions } from "../../../src/dwc/identity/core/permissions.ts";
import { grantOf } from "../../../src/dwc/identity/outdated-list.ts";

const test = suite("grants");
const KEY = `U${"A".repeat(55)}`;

const digestOf = (granted: readonly object[]): string =>
  createHash("sha256").update(JSON.stringify(granted)).digest("base64url");

test("an admin's grant covers what it signs for services, a member's its own alone", () => {
  const services = servicePermissions("service", KEY);
  assert.is(grantOf({ publicKey: KEY, signingKey: null }), digestOf([marketPermissions(KEY)]));
  assert.is(grantOf({ publicKey: KEY, signingKey: "A" }), digestOf([adminPermissions(KEY), services]));
});

test.run();
