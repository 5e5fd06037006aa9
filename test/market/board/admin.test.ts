// The admin listener: where it opens, what the Market says about it, and what it answers beside the board.

import type { AddressInfo } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type AdminResult, boardPlace, openAdminListener } from "../../../src/market/board/admin.ts";
import { loadSite } from "../../../src/market/web/site.ts";
import { CATALOGUE, plain, raw, Visitor, withMarket } from "../serve.ts";

const test = suite("admin listener");
const site = loadSite();
const SHOP = "http://localhost:5000";

const openAt = (adminPort: number | "off"): Promise<AdminResult> =>
  openAdminListener({
    deps: {
      ...{ catalogue: CATALOGUE, keys: ["a-key-for-the-tests-only"], rate: undefined },
      readiness: () => ({ ready: true, degraded: false, checks: [] }),
      onError: assert.unreachable,
    },
    ...{ site, shopUrl: SHOP, most: () => 10 },
    settings: { port: 5000, adminPort, keepAliveMs: 5_000 },
  });

async function withAdmin(act: (admin: AdminResult & { readonly kind: "open" }, port: number) => Promise<void>) {
  const admin = await openAt(0);
  if (admin.kind !== "open") throw new Error(JSON.stringify(admin));
  try {
    await act(admin, (admin.server.address() as AddressInfo).port);
  } finally {
    admin.server.close();
    admin.server.closeAllConnections();
  }
}

test("it opens on 127.0.0.1 alone, and the Market says where the board is", () =>
  withAdmin(async (admin, port) => {
    assert.is((admin.server.address() as AddressInfo).address, "127.0.0.1");
    assert.is((await new Visitor().get(`http://localhost:${port}/livez`)).status, 200);
    const url = `http://localhost:${port}/board`;
    const text = `the board is at ${url}, for this machine only`;
    assert.equal(boardPlace(admin, SHOP, { board: "local" }), { url, text });
    const isPublic = `${text}; without faults the board is public at ${SHOP}/board`;
    assert.equal(boardPlace(admin, SHOP, { board: "public" }), { url, text: isPublic });
  }));

test("a port that is taken is refused with the setting to change, and another port than the shop's", () =>
  withAdmin(async (_, port) => {
    const refused = await openAt(port);
    assert.is(refused.kind, "refused");
    const why = refused.kind === "refused" ? refused.why.join() : "";
    assert.match(why, new RegExp(`^admin port ${port} is taken by another program: .* ADMIN_PORT=\\d+ {2}added$`));
  }));

test("ADMIN_PORT=off opens nothing; the board is on the shop's listener, or nowhere", async () => {
  const off = await openAt("off");
  assert.equal(off, { kind: "off" });
  if (off.kind !== "off") return;
  const url = `${SHOP}/board`;
  assert.equal(boardPlace(off, SHOP, { board: "public" }), { url, text: `the board is public at ${url}` });
  const none = { url: undefined, text: "there is no board: ADMIN_PORT is off" };
  assert.equal(boardPlace(off, SHOP, { board: "local" }), none);
});

test("its first page is the board", () =>
  withMarket({}, async ({ admin }) => {
    const { status, headers } = await new Visitor().get(`${admin}/`);
    assert.equal([status, headers.get("location")], [302, "/board"]);
  }));

test("a page for another name of this machine says why it is none, and has a link to the board", () =>
  withMarket({}, async ({ adminPort }) => {
    const ask = (method: string, path: string): Promise<string> =>
      raw(adminPort, `${method} ${path} HTTP/1.1\r\nHost: rebound.example\r\nConnection: close\r\n\r\n`);
    const page = await ask("GET", "/board");
    assert.match(page, /^HTTP\/1\.1 403 /);
    assert.match(plain(Buffer.from(page, "latin1").toString()), "Not from another site Board, metrics and faults are");
    assert.match(page, `href="http://localhost:${adminPort}/board">The board, on its own machine<`);
    for (const method of ["GET", "HEAD"]) assert.match(await ask(method, "/static/board.css"), /^HTTP\/1\.1 200 /);
  }));

test("an error page of the admin listener leads back to the board", () =>
  withMarket({}, async ({ admin }) => {
    assert.match((await new Visitor().get(`${admin}/nonesuch`)).body, 'href="/board">Back to the board<');
  }));

test.run();
