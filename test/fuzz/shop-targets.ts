// Parsers of HTTP and of typed text: targets, origins, forms, cookies, settings, command lines, addresses.

import * as fc from "fast-check";
import Keygrip from "keygrip";
import { isLoopback, readBusAddress } from "../../src/bus/core/bus-address.ts";
import { parse } from "../../src/dwc/cli/core/parse.ts";
import { COMMANDS } from "../../src/dwc/commands/table.ts";
import { validateEmail, validateServiceName, validateText } from "../../src/dwc/identity/core/names.ts";
import { readFaultForm } from "../../src/market/board/core/fault-form.ts";
import { cartText, fulfil, parseCart, parseOrder } from "../../src/market/shop/core/cart.ts";
import { checkOrigin } from "../../src/market/web/core/same-origin.ts";
import { checkTarget } from "../../src/market/web/core/target.ts";
import { readCatalogue } from "../../src/market/web/files.ts";
import { parseKeys } from "../../src/market/web/keys.ts";
import { readFleetArguments } from "../../src/ratings/core/arguments.ts";
import { readNatsUrls, readSettings, SETTINGS } from "../../src/settings.ts";
import { anyText, nearlyText } from "./inputs.ts";
import { must, mustBeProblem, mustBeSame, type Target, target } from "./target.ts";

const catalogue = readCatalogue();
const ids = catalogue.things.map(({ id }) => id);
const keygrip = new Keygrip(["a key of sixteen", "an older key, too"], "sha256");

/** A problem may repeat a value of the person's own, so it is as long as that. */
const MAX_OWN = 200_000;

function cartHolds(text: string): void {
  const cart = parseCart(catalogue, text);
  must(
    [...cart].every((id) => catalogue.byId.has(id)),
    "a cart holds only what is sold",
  );
  mustBeSame([...parseCart(catalogue, cartText(cart))], [...cart], "a cart survives the cookie");
  must(/^[a-z0-9.-]*$/.test(cartText(cart)), "a cookie's text needs no quoting");
}

function signatureHolds([text, mark]: readonly [string, string]): void {
  const own = keygrip.sign(text);
  must(keygrip.verify(text, own), "a signature of ours is believed");
  must(
    mark === own || mark === new Keygrip(["an older key, too"], "sha256").sign(text) || !keygrip.verify(text, mark),
    "no other is",
  );
}

function orderHolds(body: string): void {
  const order = parseOrder(catalogue, body);
  if (order.kind === "refused") {
    mustBeProblem(order.why);
    return;
  }
  const { cart, message } = fulfil(catalogue, parseCart(catalogue, "camera"), order);
  must(cart.size <= ids.length && message.length > 5, "an order is done and reported");
}

function targetHolds(raw: string): void {
  const checked = checkTarget(raw);
  if (checked.kind === "bad") {
    mustBeProblem(checked.why);
    return;
  }
  must(checked.target.startsWith("/"), "a good target is a path");
  mustBeSame(checkTarget(checked.target), checked, "a good target stays good");
}

const header = fc.option(
  fc.oneof(
    anyText,
    nearlyText("http://localhost:5000", "https://localhost:5000/", "localhost:5000", "same-origin", "null"),
  ),
  { nil: undefined },
);
const origins = fc.record({
  secFetchSite: header,
  origin: header,
  referer: header,
  host: header,
  forwardedHost: header,
});

function originHolds(headers: Parameters<typeof checkOrigin>[0]): void {
  const check = checkOrigin(headers);
  if (check.kind === "foreign") {
    mustBeProblem(check.why, MAX_OWN);
    return;
  }
  const { secFetchSite, origin, host, forwardedHost } = headers;
  if (secFetchSite !== undefined) {
    must(/^(same-origin|none)$/.test(secFetchSite), "the browser calls it its own");
    return;
  }
  if (origin === undefined || host === undefined || forwardedHost !== undefined) return;
  must(new URL(origin).host === new URL(`${new URL(origin).protocol}//${host}`).host, "an own origin is this host");
}

const GOOD: Readonly<Record<string, string>> = {
  ...{ PORT: "5001", HOST: "0.0.0.0", NATS_URL: "nats://a:4222,tls://b", LOG_LEVEL: "info", LOG_FORMAT: "json" },
  ...{ MARKET_KEYS: "0123456789abcdef,fedcba9876543210", DWC_STATE: "~/x", NATS_CREDS: "/tmp/a.creds", RECORD: "r" },
};
const value = fc.oneof(anyText, nearlyText(...Object.values(GOOD)), fc.integer().map(String));
const environments = fc.dictionary(fc.constantFrom("HOME", "PATH", ...SETTINGS.map(({ name }) => name)), value, {
  maxKeys: 5,
});

function settingsHold(env: Readonly<Record<string, string>>): void {
  const read = readSettings({ ...GOOD, HOME: "/people/anna", ...env });
  if (read.kind === "refused") {
    must(read.problems.length > 0, "a refusal says why");
    for (const problem of read.problems) {
      mustBeProblem(problem, MAX_OWN);
      must(
        SETTINGS.some(({ name }) => problem.startsWith(name)),
        `a problem names its setting: ${problem}`,
      );
    }
    return;
  }
  const { settings } = read;
  must(Number.isInteger(settings.port) && settings.port >= 0 && settings.port <= 65_535, "a port is one");
  for (const url of settings.natsUrls) addressHolds(url);
  for (const rule of Object.values(settings.health)) must(Number.isInteger(rule) && rule > 0, "a rule is a number");
}

function addressHolds(typed: string): void {
  const read = readNatsUrls(typed);
  if (read.kind === "refused") {
    for (const problem of read.problems) mustBeProblem(problem, MAX_OWN);
    return;
  }
  for (const url of read.urls) {
    const { host, port, shown, credentials } = readBusAddress(url);
    must(host !== "" && Number.isInteger(port) && port > 0 && port <= 65_535, `${url} leads somewhere`);
    must(typeof isLoopback(host) === "boolean", "it is known whether that is here");
    must(credentials === undefined || !shown.includes("@"), "what is shown holds no secret");
    const again = readNatsUrls(shown);
    must(again.kind === "read" && again.urls[0] === shown, `what is shown can be typed: ${shown}`);
    mustBeSame(
      readBusAddress(shown),
      { ...readBusAddress(url), credentials: undefined },
      "and leads to the same place",
    );
  }
}

const words = fc.oneof(
  fc.constantFrom(...COMMANDS.flatMap(({ name, options }) => [name, ...options.map((option) => `--${option.name}`)])),
  fc.constantFrom("--json", "--help", "-h", "--", "-", "--state=", "--state", "-hV", "--no-json", "ratings", "a@b.cd"),
  nearlyText(...COMMANDS.map(({ name }) => name)),
  anyText,
);

function commandHolds(typed: readonly string[]): void {
  const parsed = parse(typed, COMMANDS);
  if (parsed.kind === "failed") {
    mustBeProblem(parsed.message);
    must(!/\p{Cc}/u.test(parsed.message + parsed.hint), "an error does not steer the terminal");
  }
  if (parsed.kind !== "run") return;
  const { args } = parsed.command;
  const needed = args.filter(({ isOptional }) => isOptional !== true).length;
  const given = parsed.call.args.length;
  must(given >= needed && given <= args.length, "what runs has its arguments");
}

function namesHold(text: string): void {
  for (const problem of [validateText("org", text), validateEmail(text), validateServiceName(text)]) {
    if (problem === undefined) continue;
    mustBeProblem(problem);
    must(!/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(problem), "a problem does not steer the terminal");
  }
}

function fleetHolds(values: Parameters<typeof readFleetArguments>[0]): void {
  const read = readFleetArguments(values);
  if (read.kind === "refused") {
    mustBeProblem(read.why, MAX_OWN);
    return;
  }
  const number = read.kind === "count" ? read.count : read.instance;
  must(Number.isInteger(number) && number >= 1 && number <= 999_999, "a number is one");
}

function keysHold(text: string): void {
  const keys = parseKeys(text);
  if (keys === undefined) return;
  must(keys.length > 0 && keys.every((key) => key.length >= 16), "keys are long");
  mustBeSame(parseKeys(`${keys.join("\n")}\n`), keys, "keys survive the file");
}

const faultForms = nearlyText(
  "target=2-a&fault=slow&byMs=300&percent=30&forS=60",
  "fault=reset",
  "target=1-b&fault=kill",
);

function faultFormHolds(body: string): void {
  const form = readFaultForm(body);
  if (form.kind === "bad") {
    mustBeProblem(form.why);
    return;
  }
  must(form.target !== undefined || form.order.kind === "reset", "only a reset is for all");
  must(form.order.kind !== "begin" || form.order.forMs <= 600_000, "every fault has an end");
}

const forms = nearlyText("addCart=1&camera=1", "removeCart=&football=", "checkout=1", "addCart=x&checkout=y&camera=1");
const urls = nearlyText("nats://127.0.0.1:4222", "tls://me:secret@bus.example.org:4443", "[::1]", "a,b:1,nats://t@c");

export const SHOP_TARGETS: readonly Target[] = [
  target("carts", fc.oneof(anyText, nearlyText("camera.football", ids.join("."))), cartHolds),
  target("cookie signatures", fc.tuple(nearlyText("market-cart=camera"), anyText), signatureHolds),
  target("forms", fc.oneof(anyText, forms), orderHolds),
  target("forms for faults", fc.oneof(anyText, faultForms), faultFormHolds),
  target("targets of requests", fc.oneof(anyText, nearlyText("/thing/camera?json=true", "http://a/b?c")), targetHolds),
  target("origins", origins, originHolds),
  target("settings", environments, settingsHold),
  target("NATS addresses", fc.oneof(anyText, urls), addressHolds),
  target("command lines", fc.array(words, { maxLength: 6 }), commandHolds),
  target("names", fc.oneof(anyText, nearlyText("My Test Org", "ann@example.org")), namesHold),
  target("numbers of instances", fc.record({ count: value, instance: value }), fleetHolds),
  target("cookie keys", fc.oneof(anyText, nearlyText("0123456789abcdef\nfedcba9876543210\n")), keysHold),
];
