// Several Markets on the board: a sentence where they agree, a column for each where they do not. What they told comes
// from board.js; the words for states from the list at the end of the page.

import { ageText } from "./page-format.js";

const panel = document.getElementById("disagreements");
const notice = document.getElementById("markets");
const states = new Map(
  [...document.getElementById("legend").children].map((item) => [item.dataset.state, item.dataset]),
);
const NO_STATE = { unknown: "Not known to it", omitted: "Not told" };
const SECOND_MS = 1000;
let told;
let aheadMs = 0;

panel.addEventListener("told", ({ detail }) => {
  told = detail.markets;
  aheadMs = detail.at - Date.now();
  const agree = told.disagreements.length === 0;
  notice.hidden = told.all.length < 2;
  notice.dataset.good = agree ? "yes" : "no";
  setText(notice, sentence(told));
  panel.hidden = agree;
  panel.querySelector("thead").replaceChildren(headRow(told.all));
  panel.querySelector("tbody").replaceChildren(...told.disagreements.map(row));
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
  // Those whose age runs on, in the order of the cells.
  if (cell.kind === "reported") why.dataset.since = cell.since;
  const data = document.createElement("td");
  data.append(state, " ", why);
  return data;
}

function whyText({ since, why }) {
  const age = ageText(Date.now() + aheadMs - since);
  return why === null ? `for ${age}` : `${why}, for ${age}`;
}

function rowOf(cells) {
  const element = document.createElement("tr");
  element.append(...cells);
  return element;
}

function headCell(scope, text) {
  const cell = document.createElement("th");
  cell.scope = scope;
  cell.textContent = text;
  return cell;
}

function spanOf(className, text) {
  const span = document.createElement("span");
  span.className = className;
  span.textContent = text;
  return span;
}

setInterval(() => {
  const cells = (told?.disagreements ?? []).flatMap(({ cells: all }) => all.filter(({ kind }) => kind === "reported"));
  for (const [place, span] of panel.querySelectorAll(".cell-why[data-since]").entries())
    setText(span, whyText(cells[place]));
}, SECOND_MS);
