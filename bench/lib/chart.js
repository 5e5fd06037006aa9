// The race as a picture: a panel for each number of calls in flight, a bar for each contestant, its spread as a line.

import { OURS } from "../contestants/all.js";
import { shown } from "./statistics.js";

const WIDTH = 760;
const PANEL = { width: 370, gap: 20, top: 44, head: 26 };
const BAR = { height: 14, step: 21, left: 92, most: 190 };

export function chartOf(calls, { date, node, cores }) {
  const levels = calls[0].inFlight.map(({ inFlight }) => inFlight);
  const panelHeight = PANEL.head + calls.length * BAR.step + PANEL.gap;
  const height = PANEL.top + Math.ceil(levels.length / 2) * panelHeight + 8;
  const panels = levels.map((inFlight, index) => panelOf(calls, inFlight, index, panelHeight));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title">
  <title id="title">Calls per second of ${calls.length} ways to ask one of two instances, at ${levels.join(", ")} calls in flight</title>
  <style>
    text { font: 12px system-ui, sans-serif; fill: #1f2328 }
    .head { font-size: 14px; font-weight: 600 }
    .quiet { fill: #59636e }
    .bar { fill: #afb8c1 } .ours { fill: #1a7f37 }
    .spread { stroke: #1f2328; stroke-width: 1.2 }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 } .quiet { fill: #9198a1 }
      .bar { fill: #57606a } .ours { fill: #3fb950 } .spread { stroke: #e6edf3 }
    }
  </style>
  <text class="head" x="0" y="16">Calls per second</text>
  <text class="quiet" x="0" y="33">median of the rounds, the line from the least to the most; ${cores} cores, Node ${node.slice(1)}, ${date}</text>
${panels.join("\n")}
</svg>
`;
}

function panelOf(calls, inFlight, index, panelHeight) {
  const x = (index % 2) * (PANEL.width + PANEL.gap);
  const y = PANEL.top + Math.floor(index / 2) * panelHeight;
  const figures = calls.map(({ name, inFlight: each }) => ({
    name,
    ...each.find((one) => one.inFlight === inFlight).perSecond,
  }));
  const scale = BAR.most / Math.max(...figures.map(({ most }) => most));
  const bars = figures.map((figure, place) => barOf(figure, PANEL.head + place * BAR.step, scale));
  return `  <g transform="translate(${x} ${y})">
    <text class="head" x="0" y="14">${inFlight} in flight</text>
${bars.join("\n")}
  </g>`;
}

function barOf({ name, median, least, most }, y, scale) {
  const at = (value) => (BAR.left + value * scale).toFixed(1);
  const middle = y + BAR.height / 2;
  return `    <text x="0" y="${y + 11}">${name}</text>
    <rect class="bar${name === OURS ? " ours" : ""}" x="${BAR.left}" y="${y}" width="${(median * scale).toFixed(1)}" height="${BAR.height}"/>
    <line class="spread" x1="${at(least)}" y1="${middle}" x2="${at(most)}" y2="${middle}"/>
    <text class="quiet" x="${BAR.left + BAR.most + 8}" y="${y + 11}">${shown(median)}</text>`;
}
