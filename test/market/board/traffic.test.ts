// The form of the switch of traffic, as any browser can post it.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Board } from "../../../src/market/board/board.ts";
import { readTrafficForm, switchPositions } from "../../../src/market/board/core/traffic-form.ts";
import type { TrafficControl } from "../../../src/market/board/traffic.ts";
import { NO_TRAFFIC, type Traffic } from "../../../src/monitor/traffic.ts";
import { Visitor, withMarket } from "../serve.ts";

const test = suite("the form of the switch of traffic");
const visitor = new Visitor();

test("a form has one of the four positions", () => {
  for (const rate of [0, 2, 20, 200])
    assert.equal(readTrafficForm(`rate=${rate}`), { kind: "read", rate }, String(rate));
  for (const body of [
    "",
    "rate=",
    "rate=1",
    "rate=201",
    "rate=2000",
    "rate=-2",
    "rate=2e0",
    "rate=0x2",
    "rate=+2",
    "on=2",
  ])
    assert.is(readTrafficForm(body).kind, "bad", body);
  assert.equal(
    switchPositions(20).map(({ label, isOn }) => [label, isOn]),
    [
      ["Off", false],
      ["2", false],
      ["20", true],
      ["200", false],
    ],
  );
});

test("a valid form sets the switch, on the admin listener alone; page or JSON comes back", async () => {
  const set: unknown[] = [];
  let traffic: Traffic = NO_TRAFFIC;
  const control: TrafficControl = {
    get traffic() {
      return traffic;
    },
    set: (rate, where) => {
      set.push([rate, where]);
      traffic = { rate, shoppers: null };
    },
  };
  const board = { traffic: control } as unknown as Board;
  await withMarket({ board: () => board }, async ({ admin, url }) => {
    const post = (body: string, headers = {}, at = admin) => visitor.post(`${at}/board/traffic`, body, headers);
    assert.is((await post("rate=3")).status, 400);
    assert.is((await post("rate=20", {}, url)).status, 404, "not on the shop's listener");
    assert.is((await post("rate=20", { "Sec-Fetch-Site": "cross-site" })).status, 403);
    assert.is((await post("rate=20", { Origin: "http://shop.example" })).status, 403);
    assert.is((await post("rate=20", { "Content-Type": "text/plain" })).status, 415);
    assert.is((await visitor.get(`${admin}/board/traffic`)).status, 405);
    assert.equal(set, []);
    const { status, headers } = await post("rate=20");
    assert.equal([status, headers.get("location")], [303, "/board"]);
    const asData = await post("rate=0", { accept: "application/json" });
    assert.equal(JSON.parse(asData.body), { message: "traffic is off", traffic: NO_TRAFFIC });
    assert.equal(set, [
      [20, "on the board"],
      [0, "on the board"],
    ]);
    Object.assign(board, { traffic: undefined });
    assert.is((await post("rate=20")).status, 404);
  });
});

test.run();
