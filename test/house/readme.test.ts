// README is held against the code: every command, setting, path, link and printed line in it has to exist.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { clientLine, pageLine } from "../../src/market/lines.ts";
import { asText, type Line } from "../../src/program/log.ts";
import { instanceLine } from "../../src/ratings/lines.ts";
import type { ClientEvent } from "../../src/service/client-options.ts";
import { SETTINGS } from "../../src/settings.ts";
import { repository } from "../support/toolbox.ts";

const readme = suite("README");

const text = readFileSync(join(repository, "README.md"), "utf8");
const makefile = readFileSync(join(repository, "Makefile"), "utf8");
const all = (pattern: RegExp, where = text): string[] => [...where.matchAll(pattern)].map(([, found = ""]) => found);

readme("names every make target there is, and no other", () => {
  const targets = new Set(all(/^([A-Za-z-]+):.*## /gm, makefile));
  const named = new Set(all(/`?make ([a-zA-Z-]+)/g));
  assert.equal(
    [...named].filter((name) => !targets.has(name) && isCommand(name)),
    [],
    "names no target",
  );
  assert.equal(
    [...targets].filter((target) => !named.has(target)),
    [],
    "targets that README does not name",
  );
});

/** "make" is also an English word: only what stands in code is a command. */
function isCommand(name: string): boolean {
  return text.includes(`\`make ${name}`) || new RegExp(`^ {4}make ${name}\\b`, "m").test(text);
}

readme("has the table of settings as the code has it", () => {
  const rows = [...text.matchAll(/^\| `([A-Z_]+)` \| (.*?) \| (.*) \|$/gm)].map(([, name, preset = "", meaning]) => ({
    name,
    default: preset.replaceAll("`", ""),
    meaning,
  }));
  assert.equal(
    rows,
    SETTINGS.map((row) => ({ ...row })),
  );
});

readme("names only files and folders that are there", () => {
  const paths = all(/`((?:src|bin|test|docs)(?:\/[A-Za-z0-9_.-]+)*)`/g);
  assert.ok(paths.length > 10);
  assert.equal(
    paths.filter((path) => !existsSync(join(repository, path))),
    [],
  );
});

readme("links only to what is there", () => {
  const anchors = new Set(
    all(/^#+ (.*)$/gm).map((title) =>
      title
        .toLowerCase()
        .replace(/[^a-z0-9 -]/g, "")
        .replaceAll(" ", "-"),
    ),
  );
  for (const target of all(/\]\(([^)]+)\)/g)) {
    if (target.startsWith("https://")) continue;
    if (target.startsWith("#")) assert.ok(anchors.has(target.slice(1)), `no heading for ${target}`);
    else assert.ok(existsSync(join(repository, target)), `no file ${target}`);
  }
});

const WHO = { service: "ratings", instance: 7, incarnation: "7-x", address: "ratings.get.7-x" };
const SPEAKER = { instance: 7, pid: 77, natsUrls: ["nats://127.0.0.1:4222"] };

/** One line of every kind that our programs print, made by the code that prints it. */
function everyLine(): readonly Line[] {
  const events: readonly ClientEvent[] = [
    { kind: "resolving" },
    { kind: "resolved", live: () => [WHO] },
    { kind: "using", who: WHO },
    { kind: "opened", who: WHO, why: "request timed out", retestInMs: 1 },
    { kind: "retesting", who: WHO },
    { kind: "closed", who: WHO, why: "heartbeat" },
    ...(["joined", "returned", "draining", "left"] as const).map((kind) => ({ kind, who: WHO })),
    { kind: "lost", who: WHO, why: "no heartbeat", silentMs: 7 },
    { kind: "lost", who: WHO, why: "nobody answers there", silentMs: 7 },
    { kind: "bus", status: "connected" },
  ];
  const page = [
    { kind: "asking", thingID: "camera" },
    { kind: "waited", waitedMs: 7 },
    { kind: "got", thingID: "camera", rating: 7.7 },
    ...["all services are down", "request timed out"].map((why) => ({ kind: "bad", thingID: "camera", why }) as const),
  ] as const;
  const window = [
    { kind: "up", address: WHO.address },
    { kind: "resumed", pausedMs: 7700 },
    { kind: "dropped", count: 7 },
  ] as const;
  return [
    ...events.map((event) => clientLine("ratings", event)),
    ...page.map(pageLine),
    ...window.map((event) => instanceLine(SPEAKER, event)),
  ];
}

/** The same for every thing, number and address: what differs from run to run is made alike. */
function alike(line: string): string {
  return line
    .replace(/\[(nats:\S+?(, )?)*\]/g, "[…]")
    .replace(/nats:ratings\.get\.[\w-]+/g, "nats:…")
    .replace(/\b(camera|basketball|briefcase|football)\b/g, "thing")
    .replace(/\d+(\.\d+)?/g, "0");
}

readme("shows no line that the code does not print", () => {
  const printed = new Set(everyLine().map((line) => alike(asText(line))));
  const shown = all(/```text\n([^`]*)```/g).flatMap((block) => block.trim().split("\n"));
  assert.ok(shown.length > 30);
  // What the programs say at their start has its own tests: it names places of the machine.
  const isStart = (line: string): boolean => /^INFO:(market:- open at|bus:- )/.test(line);
  assert.equal(
    shown.filter((line) => !isStart(line) && !printed.has(alike(line))),
    [],
  );
});

readme.run();
