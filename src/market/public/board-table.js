// The table that stands for the cards when there are many instances. Each instance is a row group: its row, and below it
// its card while that is open. A row that is updated or moved stays the same element, so focus and open cards remain.

import { filterOf, passes, shownText } from "./board-filter.js";
import { faultTexts, msText, successText, whyText } from "./board-view.js";
import { ageText } from "./page-format.js";

const frame = document.getElementById("crowd");
const table = frame.querySelector("table");
const form = document.getElementById("filter");
const count = document.getElementById("filter-count");
const groups = new Map();
/** Rows within a frame's height of what is shown. The numbers of a thousand rows would keep a processor busy. */
const nearby = new IntersectionObserver(onNearby, { root: frame, rootMargin: "100% 0px" });
let cardOf;
let onOpen;

/** @param made the card of a row; @param opened called when a card was opened: it has to be painted */
export function openTable(made, opened) {
  cardOf = made;
  onOpen = opened;
  // Until the table is there, the form sends its fields, as without scripts.
  form.addEventListener("input", () => isShown() && applyFilter());
  form.addEventListener("change", () => isShown() && keepInAddress());
  form.addEventListener("submit", (event) => isShown() && event.preventDefault());
  table.addEventListener("click", ({ target }) => {
    const row = target.closest(".row");
    if (row !== null) toggle(groups.get(row.parentElement.dataset.incarnation));
  });
}

const isShown = () => !frame.hidden;

/** A reload, and a copied address, show the same rows. */
function keepInAddress() {
  const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value !== ""));
  history.replaceState(null, "", query.size === 0 ? location.pathname : `?${query}`);
}

function toggle(group) {
  group.isOpen = !group.isOpen;
  group.opener.setAttribute("aria-expanded", String(group.isOpen));
  group.opened.hidden = !group.isOpen;
  if (!group.isOpen) return;
  group.opened.querySelector("ul").replaceChildren(cardOf(group.row));
  onOpen();
}

export const isOpen = (incarnation) => groups.get(incarnation)?.isOpen === true;

/** Shows the table with these rows, in this order. */
export function arrangeTable(rows) {
  frame.hidden = false;
  form.hidden = false;
  form.querySelector("button").hidden = true;
  const focused = document.activeElement;
  const hadFocus = table.contains(focused);
  const kept = new Set(rows.map(({ incarnation }) => incarnation));
  for (const [incarnation, { body }] of groups) {
    if (kept.has(incarnation)) continue;
    nearby.unobserve(body);
    body.remove();
    groups.delete(incarnation);
  }
  let place = table.tHead.nextElementSibling;
  for (const row of rows) {
    const { body } = groupOf(row);
    if (body === place) place = place.nextElementSibling;
    else table.insertBefore(body, place);
  }
  // A moved element loses the focus. If its instance is gone, the table gets it.
  if (hadFocus && document.activeElement !== focused)
    (table.contains(focused) ? focused : frame).focus({ preventScroll: true });
}

export function hideTable() {
  frame.hidden = true;
  form.hidden = true;
  nearby.disconnect();
  for (const { body } of groups.values()) body.remove();
  groups.clear();
}

function groupOf(row) {
  let group = groups.get(row.incarnation);
  if (group === undefined) {
    group = newGroup(row);
    groups.set(row.incarnation, group);
    nearby.observe(group.body);
  }
  group.row = row;
  return group;
}

function newGroup({ incarnation, instance }) {
  const body = document.getElementById("row").content.firstElementChild.cloneNode(true);
  body.dataset.incarnation = incarnation;
  const [shown, opened] = body.rows;
  const [number, ...cells] = shown.cells;
  const opener = number.firstElementChild;
  opener.textContent = String(instance);
  opener.setAttribute("aria-label", `Instance ${instance}`);
  return { body, opened, opener, cells, isOpen: false, isNearby: true, texts: [], wanted: [] };
}

function onNearby(entries) {
  for (const { target, isIntersecting } of entries) {
    const group = groups.get(target.dataset.incarnation);
    if (group === undefined) continue;
    group.isNearby = isIntersecting;
    paintTexts(group);
  }
}

/** Updates the state and the reason of all rows, and the numbers of those nearby. @param rows each with its calls of the last minute; @param states label, glyph and tone of each */
export function paintTable(rows, states, { now, bus }) {
  for (const { row, lastMinute } of rows) {
    const group = groupOf(row);
    const why = [whyText(row, now, bus), ...faultTexts(row.faults, now)].join(" · ");
    paintState(group, row.state, states.get(row.state));
    group.wanted = [why, `${ageText(now - row.heartbeat.at)} ago`, String(lastMinute), ...numbersOf(row)];
    paintTexts(group);
  }
  applyFilter();
}

function applyFilter() {
  const filter = filterOf(form.elements.show.checked, form.elements.find.value);
  let shown = 0;
  for (const { body, row, label, wanted } of groups.values()) {
    body.hidden = !passes(filter, row, [label, wanted[0], row.incarnation, row.address]);
    if (!body.hidden) shown += 1;
  }
  setText(count, shownText(shown, groups.size));
}

const numbersOf = ({ calls, latency }) => [
  successText(calls),
  String(calls.errors),
  msText(latency?.p50Ms),
  msText(latency?.p99Ms),
];

function paintState(group, name, { label, glyph, tone }) {
  if (group.body.dataset.state === name) return;
  group.label = label;
  group.body.dataset.state = name;
  group.body.dataset.tone = tone;
  const [cell] = group.cells;
  cell.className = `state tone-${tone}`;
  cell.firstElementChild.textContent = glyph;
  cell.lastElementChild.textContent = label;
}

/** Compares with the texts that it wrote last: reading 10,000 cells of the page would take longer than all the rest. */
function paintTexts({ cells, texts, wanted, isNearby }) {
  for (const [place, text] of wanted.entries()) {
    if (texts[place] === text || !(isNearby || place === 0)) continue;
    texts[place] = text;
    cells[place + 1].textContent = text;
  }
}

/** @param text of the last heartbeat of a row */
export function paintHeartbeats(rows, text) {
  for (const row of rows) {
    const group = groupOf(row);
    group.wanted[1] = text(row);
    paintTexts(group);
  }
}

const setText = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};
