// The targets of ours, each as a ratio within one run, and the result.

import { MICRO, MOLECULER, OURS, REQUEST, TABLE } from "../contestants/all.js";
import { ratio, shown } from "./statistics.js";

/** @returns a row for every target whose part ran: name, figure, minimum, goal, and the result */
export function targetsOf({ calls, pages, parts }) {
  return [
    ...(calls ? callTargets(calls) : []),
    ...(pages ? pageTargets(pages) : []),
    ...(parts ? partTargets(parts) : []),
  ];
}

const atLeast = (what, figure, least, reach) => ({
  what,
  figure,
  unit: "×",
  least: `≥ ${least} ×`,
  reach: `${reach} ×`,
  reached: figure.median >= least,
});
const atMost = (what, figure, most, reach) => ({
  what,
  figure,
  unit: "×",
  least: `≤ ${most} ×`,
  reach: `${reach} ×`,
  reached: figure.median <= most,
});

function callTargets(calls) {
  const of = (name, inFlight, measure) =>
    calls.find((one) => one.name === name)?.inFlight.find((one) => one.inFlight === inFlight).rounds[measure];
  const against = (name, inFlight, measure = "perSecond") => {
    const theirs = of(name, inFlight, measure);
    return theirs && ratio(of(OURS, inFlight, measure), theirs);
  };
  const rows = [
    [atLeast, "calls/s against `nc.request`, 64 in flight", against(REQUEST, 64), 1.8, 2.5],
    [atLeast, "calls/s against moleculer, 64 in flight", against(MOLECULER, 64), 1.5, 2],
    [atLeast, "calls/s against moleculer, 256 in flight", against(MOLECULER, 256), 1.5, 2],
    [atLeast, "calls/s against the bare pending table, 64 in flight", against(TABLE, 64), 0.85, 0.95],
    [atMost, "p50 against `nc.request`, 1 in flight", against(REQUEST, 1, "p50Us"), 1, 0.9],
    [
      atMost,
      "an instance's processor time per call against bare subscribe and respond, 64 in flight",
      against(TABLE, 64, "instanceUs"),
      1.3,
      1.1,
    ],
    [atLeast, "calls/s against NATS micro, 64 in flight (no target set)", against(MICRO, 64), 1, 1],
  ];
  return rows.filter(([, , figure]) => figure).map(([judge, ...row]) => judge(...row));
}

function pageTargets({ shops, paused, hedged }) {
  const of = (name) => shops.find((one) => one.name === name).rounds.perSecond;
  const after = paused.afterP99Ms / paused.beforeP99Ms;
  return [
    atLeast("pages/s with four live ratings against the monolith", ratio(of("market"), of("monolith")), 0.5, 0.8),
    atLeast(
      "the same, printing every line of DEBUG (no target set)",
      ratio(of("market at DEBUG"), of("monolith")),
      0.5,
      0.8,
    ),
    atLeast("pages/s against Express 5 and EJS with `nc.request`", ratio(of("market"), of("express")), 2, 4),
    // Two hundred pages have a p99 of two pages: within a half of each other is "as before".
    atMost(
      "p99 of a page, 1 of 3 instances paused, from the second page on, against before",
      alone(after),
      AS_BEFORE,
      1,
    ),
    {
      what: "p99 of a page in the second of that pause, with `HEDGE=1`",
      figure: alone(hedged.p99Ms),
      unit: "ms",
      least: "≤ 150 ms",
      reach: "50 ms",
      reached: hedged.p99Ms <= HEDGED_MS,
    },
    {
      what: "ratings that failed in it",
      figure: alone(hedged.failed),
      unit: "",
      least: "0",
      reach: "0",
      reached: hedged.failed === 0,
    },
  ];
}

const AS_BEFORE = 1.5;
const HEDGED_MS = 150;

function partTargets({ fewNs, manyNs, bytes, beats }) {
  return [
    atMost("time to choose among 10,000 instances against 10", ratio(manyNs.rounds, fewNs.rounds), 1.2, 1),
    {
      what: "memory per known incarnation",
      figure: bytes,
      unit: "bytes",
      least: "≤ 600",
      reach: "300",
      reached: bytes.median <= 600,
    },
    {
      what: "heartbeats taken in per second, one core",
      figure: beats,
      unit: "",
      least: "≥ 200,000",
      reach: "500,000",
      reached: beats.median >= 200_000,
    },
  ];
}

const alone = (value) => ({ median: value, least: value, most: value });

export function targetTable(targets) {
  const rows = targets.map(
    ({ what, figure, unit, least, reach, reached }) =>
      `| ${what} | ${shown(figure.median)}${unit && ` ${unit}`} (${shown(figure.least)}–${shown(figure.most)}) | ${least} | ${reach} | ${reached ? "reached" : "not reached"} |`,
  );
  return ["| what | measured | at least | reach for | |", "| --- | --- | --- | --- | --- |", ...rows].join("\n");
}
