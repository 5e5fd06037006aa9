// Requests that a listener for this machine alone answers: the rules, without a listener.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { checkLocal, isOnThisMachine, type LocalRequest, localRequest } from "../../src/program/core/local-requests.ts";

const test = suite("local requests");

const LOCAL: LocalRequest = {
  ...{ peer: "127.0.0.1", method: "GET", target: "/board", hosts: ["localhost:5100"] },
  ...{
    secFetchSite: undefined,
    secFetchMode: undefined,
    secFetchDest: undefined,
    origin: undefined,
    referer: undefined,
  },
};
const kind = (request: Partial<LocalRequest>): string => checkLocal({ ...LOCAL, ...request }).kind;

test("a link on another site may be followed; whatever else another site asks for is refused", () => {
  const link = { secFetchSite: "cross-site", secFetchMode: "navigate", secFetchDest: "document" };
  assert.is(kind(link), "local");
  assert.is(kind({ ...link, method: "HEAD" }), "local");
  for (const other of [
    { secFetchMode: "no-cors" },
    { secFetchMode: "cors" },
    { secFetchMode: undefined },
    { secFetchDest: "iframe" },
    { secFetchDest: "image" },
    { secFetchDest: undefined },
    { method: "POST" },
  ])
    assert.is(kind({ ...link, ...other }), "refused", JSON.stringify(other));
});

test("a request names one local Host, comes over loopback and asks for no other host", () => {
  assert.is(kind({}), "local");
  for (const hosts of [
    [],
    ["localhost", "localhost"],
    ["localhost", "evil.example"],
    ["evil.example"],
    ["0.0.0.0:5100"],
  ])
    assert.is(kind({ hosts }), "refused", hosts.join());
  for (const peer of [undefined, "192.168.1.7", "::1"]) assert.is(kind({ peer }), "refused", peer);
  assert.is(kind({ target: "http://evil.example/board" }), "refused");
  assert.is(kind({ target: "http://127.0.0.1:5100/board" }), "local");
});

test("of a request that Node has read each header is taken as often as it was sent, and none where none was", () => {
  const bare = localRequest({ socket: {}, headersDistinct: {} });
  assert.equal(bare, { ...LOCAL, peer: undefined, method: "", target: "", hosts: [] });
  const headersDistinct = {
    host: ["localhost", "evil.example"],
    origin: ["http://localhost", "http://evil.example"],
    "sec-fetch-site": ["same-origin", "cross-site"],
  };
  const sent = localRequest({ socket: { remoteAddress: "127.0.0.1" }, method: "POST", url: "/x", headersDistinct });
  assert.equal(sent.hosts, headersDistinct.host);
  assert.is(sent.origin, "http://localhost, http://evil.example");
  assert.is(checkLocal({ ...sent, hosts: ["localhost"] }).kind, "refused", "one of two values is another site's");
});

test("a client is on this machine if its address and the name it uses are, and no proxy is between", () => {
  const isHere = (peer: string | undefined, headers: Record<string, string>): boolean =>
    isOnThisMachine({ peer, headers });
  for (const peer of ["127.0.0.1", "::ffff:127.0.0.1", "::1"])
    for (const host of ["localhost:5000", "127.0.0.1:5000", "[::1]:5000", "localhost"])
      assert.ok(isHere(peer, { host }), `${peer} ${host}`);
  for (const peer of [undefined, "192.0.2.7", "::ffff:192.0.2.7", "fe80::1"])
    assert.not.ok(isHere(peer, { host: "localhost:5000" }), peer);
  for (const host of ["shop.example", "localhost.example", "192.0.2.1:5000", ""])
    assert.not.ok(isHere("127.0.0.1", { host }), host);
  assert.not.ok(isHere("127.0.0.1", {}));
  for (const name of ["x-forwarded-for", "x-forwarded-host", "forwarded"])
    assert.not.ok(isHere("127.0.0.1", { host: "localhost:5000", [name]: "" }), name);
});

test.run();
