import { suite } from "uvu";
import * as assert from "uvu/assert";
import { mayLook } from "../../src/market/onlooker.ts";

const test = suite("onlooker");
const HERE = "127.0.0.1";

test("this machine may look, by any of its own names", () => {
  for (const peer of [HERE, "127.1.2.3", "::1", "::ffff:127.0.0.1"]) {
    for (const host of ["localhost:5000", "LOCALHOST", "127.0.0.1:5000", "[::1]:5000"]) {
      assert.ok(mayLook({ peer, host }, false), `${peer} ${host}`);
    }
  }
});

test("others may not, nor a page elsewhere whose name leads here", () => {
  const refused = [
    ["192.168.1.7", "localhost:5000"],
    ["::ffff:10.0.0.1", "localhost"],
    [undefined, "localhost"],
    [HERE, "rebound.example:5000"],
    [HERE, "localhost.rebound.example"],
    [HERE, "127.0.0.1.rebound.example"],
    [HERE, undefined],
  ] as const;
  for (const [peer, host] of refused) assert.not.ok(mayLook({ peer, host }, false), `${peer} ${host}`);
});

test("where it is public everybody may", () => {
  assert.ok(mayLook({ peer: "192.168.1.7", host: "market.example" }, true));
});

test.run();
