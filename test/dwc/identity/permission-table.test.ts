// shares: identity
// docs/operating.md shows the permissions as they are. UPDATE=1 rewrites the table.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { permissionTable } from "../../support/permission-table.ts";
import { repository } from "../../support/repository.ts";

const test = suite("the table of permissions");

const PAGE = join(repository, "docs/operating.md");
const PLACE = /(<!-- permissions: begin -->\n)[\s\S]*?(\n<!-- permissions: end -->)/;

test("is the one that the code gives", () => {
  const page = readFileSync(PAGE, "utf8");
  const wanted = page.replace(PLACE, (_all, begin: string, end: string) => `${begin}${permissionTable()}${end}`);
  assert.match(page, PLACE);
  if (process.env["UPDATE"] === "1") writeFileSync(PAGE, wanted);
  else assert.is(page, wanted, "docs/operating.md: UPDATE=1 make test ONLY=permission-table");
});

test.run();
