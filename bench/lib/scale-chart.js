// The figures of `make scale` as a picture, without the rules for large services and with them: heartbeats as the model
// computes them, and a restart of the bus as it was measured.

import { modelOf } from "./scale-model.js";
import { shown } from "./statistics.js";

const INSTANCES = 10_000;
const WIDTH = 760;
const PANEL = { width: 370, gap: 20, top: 62, head: 26 };
const BAR = { height: 14, step: 20, left: 92, most: 190, group: 50 };

/** Until all was fresh after a restart, in ms, at commit 0dbcdb36 on the same machine: before the rules. */
const FRESH_BEFORE_MS = { "10 × 1,000": 561, "20 × 1,000": 955, "40 × 1,000": 3_823, "20 × 3,000": 2_741 };

/** A pair of bars for each number of callers. */
const heartbeatGroups = (stages) =>
  modelOf(stages)
    .rows.filter(({ instances }) => instances === INSTANCES)
    .map(({ callers, before, now }) => ({
      label: `${shown(callers)} callers`,
      before: before.serverCores,
      now: now.serverCores,
    }));

/** A pair of bars for each stage that was measured before as well. */
const restartGroups = (stages) =>
  stages
    .map(({ callers, instances, freshMs }) => ({ label: `${callers} × ${shown(instances)}`, now: freshMs }))
    .map((group) => ({ ...group, before: FRESH_BEFORE_MS[group.label] }))
    .filter(({ before }) => before !== undefined);

const PANELS = [
  { title: `Heartbeats of ${shown(INSTANCES)} instances: cores of the server`, of: heartbeatGroups },
  { title: "Bus restarted: ms until all is fresh", of: restartGroups },
];

export function scaleChart(stages, { date, node, cores }) {
  const groups = PANELS.map(({ of }) => of(stages));
  const height = PANEL.top + PANEL.head + Math.max(...groups.map(({ length }) => length)) * BAR.group + 8;
  const panels = PANELS.map(({ title }, index) => panelOf(title, groups[index], index));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title">
  <title id="title">Heartbeats of ${shown(INSTANCES)} instances, and a restart of the bus, without the rules for large services and with them</title>
  <style>
    text { font: 12px system-ui, sans-serif; fill: #1f2328 }
    .head { font-size: 13px; font-weight: 600 }
    .quiet { fill: #59636e }
    .before { fill: #afb8c1 } .now { fill: #1a7f37 }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 } .quiet { fill: #9198a1 }
      .before { fill: #57606a } .now { fill: #3fb950 }
    }
  </style>
  <text class="head" x="0" y="16">Large services</text>
  <text class="quiet" x="0" y="33">left computed, right measured (callers × instances), on ${cores} cores, Node ${node.slice(1)}, ${date}; logarithmic scales</text>
  <rect class="before" x="0" y="42" width="12" height="12"/><text x="18" y="52">without the rules for large services</text>
  <rect class="now" x="${PANEL.width / 2 + 60}" y="42" width="12" height="12"/><text x="${PANEL.width / 2 + 78}" y="52">with them</text>
${panels.join("\n")}
</svg>
`;
}

function panelOf(title, groups, index) {
  const figures = groups.flatMap(({ before, now }) => [before, now]);
  const scale = logScale(Math.min(...figures), Math.max(...figures));
  const bars = groups.map(({ label, before, now }, place) => {
    const y = PANEL.head + place * BAR.group;
    return `    <text x="0" y="${y + BAR.step + 2}">${label}</text>
${barOf("before", before, y, scale)}
${barOf("now", now, y + BAR.step, scale)}`;
  });
  return `  <g transform="translate(${index * (PANEL.width + PANEL.gap)} ${PANEL.top})">
    <text class="head" x="0" y="18">${title}</text>
${bars.join("\n")}
  </g>`;
}

/** From a tenth of the least figure on: else its bar would have no length. */
function logScale(least, most) {
  const from = Math.floor(Math.log10(least)) - 1;
  const decades = Math.log10(most) - from;
  return (value) => ((Math.log10(value) - from) / decades) * BAR.most;
}

function barOf(kind, value, y, scale) {
  return `    <rect class="${kind}" x="${BAR.left}" y="${y}" width="${scale(value).toFixed(1)}" height="${BAR.height}"/>
    <text class="quiet" x="${BAR.left + BAR.most + 8}" y="${y + 11}">${shown(value)}</text>`;
}
