// The comparison of several Markets on the board: one sentence if they agree, otherwise a column for each Market. The
// data comes from board.js, the labels of states from the legend of the page.

import { asOfText } from "./board-view.js";
import { ageText } from "./page-format.js";
import { headCell, rowOf } from "./table-elements.js";

const panel = document.getElementById("disagreements");
const notice = document.getElementById("markets");
const states = new Map(
  [...document.getElementById("legend").children].map((item) => [item.dataset.state, item.dataset]),
);
const NO_STATE = { unknown: "Unknown there", omitted: "Not published" };
const SECOND_MS = 1000;
let comparison;
let aheadMs = 0;
/** The time of what is shown; undefined: the page is live. */
let asOf;

panel.addEventListener("markets", ({ detail }) => {
  comparison = detail.markets;
  aheadMs = detail.at - Date.now();
  const agree = comparison.disagreements.length === 0;
  notice.hidden = comparison.all.length < 2;
  notice.dataset.good = agree ? "yes" : "no";
  setText(notice, asOfText(sentence(comparison), asOf));
  panel.hidden = agree;
  panel.querySelector("thead").replaceChildren(headRow(comparison.all));
  panel.querySelector("tbody").replaceChildren(...comparison.disagreements.map(row));
});

notice.addEventListener("as-of", ({ detail }) => {
  asOf = detail ?? undefined;
  if (comparison) setText(notice, asOfText(sentence(comparison), asOf));
});

const setText = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

function sentence({ all, disagreements, omitted }) {
  const count = disagreements.length + omitted;
  if (count === 0) return `All ${all.length} Markets agree.`;
  return `${all.length} Markets disagree about ${count === 1 ? `instance ${disagreements[0].instance}` : `${count} instances`}.`;
}

function headRow(all) {
  const names = all.map(({ name }, place) => {
    const cell = headCell("col", `${name}${place === 0 ? " " : ""}`);
    if (place === 0) cell.append(spanOf("own", "(this one)"));
    return cell;
  });
  return rowOf([headCell("col", "Instance"), ...names]);
}

const row = ({ instance, cells }) => rowOf([headCell("row", String(instance)), ...cells.map((cell) => dataCell(cell))]);

function dataCell(cell) {
  const { label, glyph, tone } = states.get(cell.state) ?? { label: NO_STATE[cell.kind], glyph: "–", tone: "none" };
  const sign = spanOf("sign", glyph);
  sign.setAttribute("aria-hidden", "true");
  const state = spanOf(`state tone-${tone}`, "");
  state.append(sign, ` ${label}`);
  const why = spanOf("cell-why", cell.kind === "reported" ? whyText(cell) : "");
  // Marks the cells whose age is updated every second.
  if (cell.kind === "reported") why.dataset.since = cell.since;
  const data = document.createElement("td");
  data.append(state, " ", why);
  return data;
}

function whyText({ since, why }) {
  const age = ageText(Date.now() + aheadMs - since);
  return why === null ? `for ${age}` : `${why}, for ${age}`;
}

function spanOf(className, text) {
  const span = document.createElement("span");
  span.className = className;
  span.textContent = text;
  return span;
}

setInterval(() => {
  if (asOf !== undefined) return;
  const cells = (comparison?.disagreements ?? []).flatMap(({ cells: all }) =>
    all.filter(({ kind }) => kind === "reported"),
  );
  for (const [place, span] of panel.querySelectorAll(".cell-why[data-since]").entries())
    setText(span, whyText(cells[place]));
}, SECOND_MS);
