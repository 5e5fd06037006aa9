// The history on the board: charts of the last fifteen minutes, a histogram, and the calls by Market. It asks for the data every
// ten seconds, and sooner after an event. The drawings are made by the code that the server runs as well.

import { callersTable } from "./callers-view.js";
import { chartLabels, historyChart, timeAxis } from "./history-chart.js";
import * as texts from "./history-text.js";
import { latencyBarText, latencyChart, latencyText } from "./latency-chart.js";
import { headCell, rowOf } from "./table-elements.js";

const ASK_EVERY_MS = 10_000;
/** After an event, so that its mark is soon there. The Market's answer may be a second old. */
const AFTER_EVENT_MS = 1_200;
/** Under a flood of events no more often. */
const SOONEST_MS = 3_000;
/** Charts of rows that are open. */
const MAX_OPENED = 8;
/** Three answers are missing. */
const OLD_AFTER_MS = 35_000;
const PERCENT = 100;

const byId = (id) => document.getElementById(id);
const [board, list, moment, bar] = ["board", "history-rows", "history-at", "latency-at"].map(byId);
/** The table of many instances (board-table.js). */
const crowd = byId("crowd");
const elements = new Map();
let history;
/** Epoch ms of the bucket under the cursor. Undefined: there is no cursor. */
let cursorAt;
/** The chart that is selected: the histogram and the sentence are of it. */
let selected = "all";
/** The bar of the histogram under the cursor. */
let barAt;
let askedAt = Number.NEGATIVE_INFINITY;
let answeredAt = Number.NEGATIVE_INFINITY;
let planned;
let plannedAt = Number.POSITIVE_INFINITY;
let shownAs;

const clockText = (at) => new Date(at).toLocaleTimeString([], { hourCycle: "h23" });
const minuteText = (at) => clockText(at).replace(/:\d\d$/, "");
const setText = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

function elementOf({ name, attributes, children }) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children.map((child) => (typeof child === "string" ? child : elementOf(child))));
  return element;
}

// Asking.

async function ask() {
  plan(Date.now() + ASK_EVERY_MS);
  if (document.hidden || board.dataset.shown === "old") return;
  askedAt = Date.now();
  const asked = await read("/board/history");
  const complete = asked && (await withOpened(asked));
  // An answer that was overtaken by a later one is dropped.
  if (complete !== undefined && complete.at >= (history?.at ?? 0)) {
    history = complete;
    answeredAt = Date.now();
    render();
  } else if (history !== undefined) paintTime();
}

/** Undefined: no answer, or one that is no history. */
async function read(address) {
  const response = await fetch(address).catch(() => undefined);
  return response?.ok ? response.json().catch(() => undefined) : undefined;
}

/** With the instances whose rows are open in the table, although others are worse. */
async function withOpened(all) {
  const opened = [...(crowd?.querySelectorAll('.opener[aria-expanded="true"]') ?? [])]
    .map((button) => button.closest("tbody").dataset.incarnation)
    .filter((incarnation) => !all.instances.some((one) => one.incarnation === incarnation))
    .slice(0, MAX_OPENED);
  const more = await Promise.all(opened.map((incarnation) => read(`/board/history?incarnation=${incarnation}`)));
  const instances = [...all.instances, ...more.flatMap((one) => one?.instances ?? [])];
  instances.sort((a, b) => a.instance - b.instance);
  return { ...all, instances, omitted: all.omitted - (instances.length - all.instances.length) };
}

/** A row that was opened is the selected chart as soon as it is there. */
function onOpened({ target }) {
  const group = target.closest("tbody");
  if (group?.querySelector('.opener[aria-expanded="true"]')) selected = group.dataset.incarnation;
  void ask();
}

function plan(at) {
  clearTimeout(planned);
  plannedAt = at;
  planned = setTimeout(ask, at - Date.now());
}

/** A flood of events does not put it off for ever: what is planned sooner stays. */
function askSoon() {
  const at = Math.max(Date.now() + AFTER_EVENT_MS, askedAt + SOONEST_MS);
  if (at < plannedAt) plan(at);
}

// The charts.

const bucketAt = () => {
  if (cursorAt === undefined) return texts.lastFullBucket(history);
  const bucket = Math.round((cursorAt - history.from) / history.bucketMs);
  return Math.min(history.buckets - 1, Math.max(0, bucket));
};

function render() {
  const rows = texts.historyRows(history);
  const shown = rows.map(rowElement);
  if (shown.length !== list.children.length || shown.some((element, place) => list.children[place] !== element)) {
    const focused = document.activeElement;
    list.replaceChildren(...shown);
    if (list.contains(focused)) focused.focus({ preventScroll: true });
  }
  for (const key of elements.keys()) if (!rows.some((row) => row.key === key)) elements.delete(key);
  for (const row of rows) {
    const chart = historyChart({ ...row, alternative: texts.alternativeText(row, clockText) });
    const element = elements.get(row.key);
    element.querySelector(".row-chart").replaceChildren(elementOf(chart));
    element.querySelector(".row-labels").replaceChildren(elementOf(chartLabels(row.scale)));
  }
  const { from, bucketMs, buckets, omitted, pages } = history;
  byId("history-axis").replaceChildren(elementOf(timeAxis({ from, to: from + bucketMs * buckets }, minuteText)));
  moment.hidden = false;
  byId("history-keys").hidden = false;
  show("history-omitted", texts.omittedText(history.instances.length, omitted));
  show("history-start", texts.startText(history, clockText));
  show("pages-summary", pages === null ? "" : texts.pagesText(pages));
  paintCursor();
  paintLatency();
  paintCallers();
  paintTime();
}

function show(id, text) {
  byId(id).hidden = text === "";
  setText(byId(id), text);
}

function rowElement({ key, title }) {
  let element = elements.get(key);
  if (element === undefined) {
    element = byId("history-row").content.firstElementChild.cloneNode(true);
    element.dataset.key = key;
    element.querySelector(".row-title").addEventListener("click", () => select(key));
    elements.set(key, element);
  }
  setText(element.querySelector(".row-title"), title);
  return element;
}

/** The selected one; until it is there, that of all calls. */
const selectedOf = (rows) => rows.find(({ key }) => key === selected) ?? rows.find(({ key }) => key === "all");

/** What depends on the cursor and on the selected chart. */
function paintCursor() {
  const bucket = bucketAt();
  const rows = texts.historyRows(history);
  const shown = selectedOf(rows);
  for (const row of rows) {
    const element = elements.get(row.key);
    const { rate, errors, p99 } = texts.bucketTexts(row, bucket, history);
    setText(element.querySelector(".value-rate"), rate);
    setText(element.querySelector(".value-errors"), errors);
    setText(element.querySelector(".value-p99"), p99);
    element.querySelector(".row-title").setAttribute("aria-pressed", String(row === shown));
    element.classList.toggle("is-selected", row === shown);
    const line = element.querySelector(".chart-cursor");
    line.setAttribute("visibility", cursorAt === undefined ? "hidden" : "visible");
    const x = `${((bucket + 0.5) / history.buckets) * PERCENT}%`;
    for (const end of ["x1", "x2"]) line.setAttribute(end, x);
  }
  moment.value = String(bucket);
  moment.setAttribute("aria-valuetext", texts.bucketTime(history, bucket, clockText));
  setText(byId("history-said"), cursorAt === undefined ? "" : texts.bucketText(shown, bucket, history, clockText));
}

function moveTo(bucket) {
  cursorAt = bucket === undefined ? undefined : history.from + bucket * history.bucketMs;
  paintCursor();
}

function select(key) {
  selected = key;
  barAt = undefined;
  paintCursor();
  paintLatency();
}

/** The chart that is `by` charts further down. */
function selectNext(by) {
  const rows = texts.historyRows(history);
  const place = Math.min(rows.length - 1, Math.max(0, rows.indexOf(selectedOf(rows)) + by));
  select(rows[place].key);
}

/** The part of a chart that the pointer is at, of so many. */
function partAt(event, frame, parts) {
  const { left, width } = frame.getBoundingClientRect();
  return Math.min(parts - 1, Math.max(0, Math.floor(((event.clientX - left) / width) * parts)));
}

list.addEventListener("pointermove", (event) => {
  const row = event.target.closest(".history-row");
  const chart = event.target.closest(".chart");
  if (history === undefined || row === null || chart === null) return;
  if (row.dataset.key !== selected) select(row.dataset.key);
  moveTo(partAt(event, chart, history.buckets));
});
list.addEventListener("pointerleave", () => history && document.activeElement !== moment && moveTo(undefined));
moment.addEventListener("input", () => moveTo(Number(moment.value)));
moment.addEventListener("focus", () => moveTo(bucketAt()));
moment.addEventListener("blur", () => moveTo(undefined));
moment.addEventListener("keydown", (event) => {
  const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (by === undefined) return;
  event.preventDefault();
  selectNext(by);
});

// The histogram.

function paintLatency() {
  const row = selectedOf(texts.historyRows(history));
  const { latency } = row.series;
  const text = latencyText(latency, row.noun);
  const { title } = row;
  setText(byId("latency-title"), `Latency of ${title[0].toLowerCase()}${title.slice(1)}, last minute`);
  setText(byId("latency-text"), text);
  const chart = latency === null ? [] : [elementOf(latencyChart(latency, history.latencyBuckets, text))];
  byId("latency-chart").replaceChildren(...chart);
  bar.hidden = latency === null;
  bar.max = String(Math.max(0, (latency?.counts.length ?? 1) - 1));
  if (barAt !== undefined) barAt = Math.min(barAt, Number(bar.max));
  paintBar(row);
}

function paintBar({ series, noun }) {
  const bars = byId("latency-chart").querySelectorAll(".latency-bar");
  for (const [place, one] of bars.entries()) one.classList.toggle("is-at", place === barAt);
  const isAt = barAt !== undefined && series.latency !== null;
  const text = isAt ? latencyBarText(series.latency, barAt, history.latencyBuckets, noun) : "";
  if (isAt) {
    bar.value = String(barAt);
    bar.setAttribute("aria-valuetext", text);
  }
  setText(byId("latency-said"), text);
}

function moveBar(place) {
  barAt = place;
  paintBar(selectedOf(texts.historyRows(history)));
}

byId("latency-chart").addEventListener("pointermove", (event) => {
  const bars = [...byId("latency-chart").querySelectorAll(".latency-bar")];
  const place = bars.findIndex((one) => event.clientX <= one.getBoundingClientRect().right + 1);
  if (bars.length > 0) moveBar(place < 0 ? bars.length - 1 : place);
});
byId("latency-chart").addEventListener("pointerleave", () => history && moveBar(undefined));
bar.addEventListener("input", () => moveBar(Number(bar.value)));
bar.addEventListener("focus", () => moveBar(Number(bar.value)));
bar.addEventListener("blur", () => moveBar(undefined));

// The calls by Market and instance.

function paintCallers() {
  const { names, rows, sums, note } = callersTable(history.callers);
  const panel = byId("callers");
  panel.hidden = rows.length === 0;
  panel.querySelector("thead").replaceChildren(headRow(names));
  panel.querySelector("tbody").replaceChildren(...rows.map(callerRow), callerRow(sums));
  panel.querySelector("tbody").lastElementChild.className = "callers-sum";
  setText(byId("callers-note"), note);
}

function headRow(names) {
  const heads = names.map((name, place) => headCell("col", place === 0 ? `${name} (this one)` : name));
  return rowOf([headCell("col", "Instance"), ...heads, headCell("col", "All")]);
}

function callerRow({ title, cells }) {
  const numbers = cells.map((text) => {
    const cell = document.createElement("td");
    cell.textContent = text;
    return cell;
  });
  return rowOf([headCell("row", title), ...numbers]);
}

// Its time.

/** Of what is old the time is shown, as in the other titles. */
function paintTime() {
  const isOld = board.dataset.shown === "old" || Date.now() - answeredAt > OLD_AFTER_MS;
  const at = history?.at;
  setText(document.querySelector("#history-title .as-of"), isOld && at !== undefined ? `, as of ${clockText(at)}` : "");
  byId("history").classList.toggle("is-old", isOld);
}

new MutationObserver(askSoon).observe(byId("events"), { childList: true });
new MutationObserver(() => {
  // The attribute is written every second, with the same value.
  if (board.dataset.shown === shownAs) return;
  if (shownAs === "old") askSoon();
  shownAs = board.dataset.shown;
  if (history !== undefined) paintTime();
}).observe(board, { attributes: true, attributeFilter: ["data-shown"] });
document.addEventListener("visibilitychange", askSoon);
// Its row has toggled by then: that listener is on the table inside.
crowd?.addEventListener("click", onOpened);
void ask();
