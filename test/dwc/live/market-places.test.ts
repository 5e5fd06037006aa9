import { suite } from "uvu";
import * as assert from "uvu/assert";
import { marketPlaces } from "../../../src/dwc/live/core/market-places.ts";

const test = suite("market places");
const OWN = ["here", "192.168.1.7", "2001:db8::7"];
const DEFAULTS = { host: "127.0.0.1", port: 5_000, adminPort: 5_100 } as const;
const LOCAL = "http://127.0.0.1:5100";

const boards = (settings: Partial<Parameters<typeof marketPlaces>[0]>, named?: string): readonly string[] =>
  marketPlaces({ ...DEFAULTS, ...settings }, named, OWN).boards;

test("a Market of this machine is asked at its admin port, and then at its page", () => {
  for (const [host, page] of [
    ["127.0.0.1", "http://127.0.0.1:5000"],
    ["localhost", "http://localhost:5000"],
    ["0.0.0.0", "http://127.0.0.1:5000"],
    ["::", "http://127.0.0.1:5000"],
    ["::1", "http://[::1]:5000"],
    ["127.1", "http://127.1:5000"],
    ["::ffff:127.0.0.1", "http://[::ffff:127.0.0.1]:5000"],
    ...OWN.map((own) => [own, own.includes(":") ? `http://[${own}]:5000` : `http://${own}:5000`] as const),
  ] as const) {
    assert.equal(boards({ host }), [LOCAL, page], host);
    assert.is(marketPlaces({ ...DEFAULTS, host }, undefined, OWN).page, page);
  }
  assert.equal(boards({ adminPort: "off" }), ["http://127.0.0.1:5000"]);
});

test("a Market of another machine is never mistaken for the one that is here", () => {
  assert.equal(boards({ host: "192.168.1.8" }), ["http://192.168.1.8:5000"]);
  assert.equal(boards({}, "http://192.168.1.8:5000"), ["http://192.168.1.8:5000"]);
  assert.equal(boards({}, "http://localhost.example:5000"), ["http://localhost.example:5000"]);
});

test("the address of a page or of a board may be named", () => {
  assert.equal(boards({}, "http://localhost:5000"), ["http://localhost:5000", LOCAL]);
  assert.equal(boards({ adminPort: 9_000 }, "http://localhost:5000/"), [
    "http://localhost:5000/",
    "http://127.0.0.1:9000",
  ]);
  assert.equal(boards({}, "http://localhost:5001"), ["http://localhost:5001", "http://127.0.0.1:5101"]);
  assert.equal(boards({}, "http://[::1]:65535"), ["http://[::1]:65535", "http://127.0.0.1:65435"]);
  assert.equal(boards({}, "http://localhost"), ["http://localhost", "http://127.0.0.1:180"]);
  assert.is(marketPlaces(DEFAULTS, "http://localhost:9000", OWN).page, "http://localhost:9000");
});

test("the admin port follows the port of the page that is asked, and ADMIN_PORT", () => {
  const admin = (settings: Partial<Parameters<typeof marketPlaces>[0]>, named?: string) =>
    marketPlaces({ ...DEFAULTS, ...settings }, named, OWN).admin;
  assert.equal(admin({ port: 6_000, adminPort: 6_100 }), { port: 6_100, isAsked: true });
  assert.equal(admin({ host: "192.168.1.8", adminPort: 7_000 }), { port: 7_000, isAsked: false });
  assert.equal(admin({}, "http://shop.example:6000"), { port: 6_100, isAsked: false });
  assert.equal(admin({ adminPort: 7_000 }, "http://shop.example:5000"), { port: 7_000, isAsked: false });
  assert.equal(admin({ adminPort: "off" }), { port: "off", isAsked: false });
  assert.equal(boards({ adminPort: "off" }, "http://localhost:5000"), ["http://localhost:5000"]);
});

test.run();
