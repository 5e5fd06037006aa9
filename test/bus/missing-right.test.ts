// Messages about a right that a program lacks: what to type.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { missingRight } from "../../src/bus/core/missing-right.ts";

const test = suite("a missing right");
const orders = { holder: "orders", calls: ["payments"] };

test("a service that calls without the right: its list, with the one that is missing", () => {
  for (const [operation, subject] of [
    ["publish", "inventory.reserve"],
    ["publish", "inventory.reserve.x1"],
    ["publish", "health.inventory"],
    ["subscription", "health.inventory.*"],
  ] as const)
    assert.is(
      missingRight(operation, subject, orders),
      "orders may not call inventory: type  bin/dwc create-service orders --calls inventory,payments",
      subject,
    );
  assert.match(missingRight("publish", "payments.pay", orders) ?? "", /--calls payments$/);
  assert.match(
    missingRight("publish", "stock.get", { holder: "orders" }) ?? "",
    /create-service orders --calls stock$/,
  );
});

test("an instance with other credentials than those of its service, be they a person's", () => {
  for (const holder of ["orders", "ann@example.org"])
    for (const [operation, subject] of [
      ["subscription", "inventory.get"],
      ["subscription", "inventory.*.x1"],
      ["subscription", "health.inventory"],
      ["publish", "health.inventory.x1"],
    ] as const)
      assert.match(
        missingRight(operation, subject, { holder }) ?? "",
        /^an instance of inventory needs the credentials of inventory: type {2}bin\/dwc create-service inventory ,/,
        `${holder} ${subject}`,
      );
});

test("nothing, where no command gives the right, or the holder has it by its name", () => {
  for (const [operation, subject, holder] of [
    ["publish", "inventory.get", undefined],
    ["publish", "inventory.get", "ann@example.org"],
    ["publish", "orders.get", "orders"],
    ["subscription", "orders.get", "orders"],
    ["publish", "chaos.inventory.x1", "orders"],
    ["publish", "belief.inventory.m1", "orders"],
    ["publish", "account.token", "orders"],
    ["publish", "$SRV.PING", "orders"],
    ["publish", "_INBOX.inventory.x", "orders"],
    ["subscription", ">", "orders"],
    ["subscription", "*.get", "orders"],
    ["subscription", "health.*.*", "orders"],
    ["publish", "", "orders"],
  ] as const)
    assert.is(missingRight(operation, subject, { holder }), undefined, `${operation} ${subject}`);
});

test.run();
