// Updates the board over server-sent events: one snapshot, then changes. States and decisions come from the Market, the
// labels of states from the legend of the page, and the texts from the code that the server runs as well.

import { isTable } from "./board-filter.js";
import * as table from "./board-table.js";
import * as view from "./board-view.js";
import { ageText } from "./page-format.js";

const SECONDS = 60;
const MAX_EVENTS = 60;
/** The Market sends a frame at least every second. */
const SILENT_AFTER_MS = 3500;
const REOPEN_AFTER_MS = 6000;
/** A hidden tab is kept up to date this long. */
const REST_AFTER_MS = 60_000;

const byId = (id) => document.getElementById(id);
const states = new Map(
  [...byId("legend").children].map((item, rank) => [item.dataset.state, { rank, ...item.dataset }]),
);
const rows = new Map();
/** The worst first. */
let sorted = [];
const cards = new Map();
let turns = { ring: [], next: null };
let bus = { status: "connected", since: null };
let calls = { lastMinute: 0, succeeded: 0, errors: 0 };
let aheadMs = 0;
let lastEvent = 0;
let receivedAt = Date.now();
/** The time of the frame that is shown; at first, of the page. */
let shownAt = receivedAt;
let isLive = false;
/** Before the first snapshot the page shows what the server has written, with its time. */
let isFilled = false;
let latest = { second: 0, receivedAt: Date.now() };
let source;
let resting;

/** While the feed is lost, time stands still at the last frame. */
const marketNow = () => (isLive ? Date.now() : shownAt) + aheadMs;
/** The Market numbers the seconds; between two frames the browser counts on. */
const secondNow = () => latest.second + (isLive ? Math.floor((Date.now() - latest.receivedAt) / 1000) : 0);
const clockText = (at) => new Date(at).toLocaleTimeString([], { hourCycle: "h23" });
const setText = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

function spanOf(className, text) {
  const span = document.createElement("span");
  span.className = className;
  span.textContent = text;
  return span;
}

// Frames of the feed.

function onSnapshot(snapshot) {
  isFilled = true;
  rows.clear();
  byId("events").replaceChildren();
  lastEvent = 0;
  onChange({ ...snapshot, counts: [], gone: [] });
  byId("table").hidden = true;
}

function onChange(change) {
  aheadMs = change.at - Date.now();
  latest = { second: change.second, receivedAt: Date.now() };
  bus = { status: change.bus, since: change.busSince };
  calls = change.calls;
  if (change.turns) turns = { ...turns, ...change.turns };
  // board-markets.js shows these.
  if (change.markets) byId("disagreements").dispatchEvent(new CustomEvent("markets", { detail: change }));
  // traffic.js shows it.
  if (change.traffic) byId("traffic")?.dispatchEvent(new CustomEvent("traffic", { detail: change.traffic }));
  for (const row of change.instances) rows.set(row.incarnation, withSeconds(row));
  for (const count of change.counts) addCount(count);
  for (const incarnation of change.gone) rows.delete(incarnation);
  addEvents(change.events);
  arrange();
  paint();
}

/** Adds the calls by number of the second, so that the bars move on between two frames. */
function withSeconds(row) {
  const callsBySecond = new Map();
  (row.calls.seconds ?? []).forEach((calls, place, all) => {
    if (calls > 0) callsBySecond.set(latest.second - (all.length - 1 - place), calls);
  });
  return { ...row, callsBySecond };
}

function addCount([incarnation, at, expiresAt, total, , p50Ms, p99Ms, lastSeconds, hedges, ...ended]) {
  const row = rows.get(incarnation);
  if (row === undefined) return;
  const [succeeded, errors, lastError] = ended;
  row.heartbeat = { at, expiresAt };
  row.calls = { ...row.calls, total, hedges, succeeded, errors, lastError };
  row.latency = p50Ms === null ? null : { p50Ms, p99Ms };
  lastSeconds.forEach((calls, place) => {
    const second = latest.second - (lastSeconds.length - 1 - place);
    if (calls > 0) row.callsBySecond.set(second, calls);
  });
  for (const second of row.callsBySecond.keys())
    if (second <= latest.second - SECONDS) row.callsBySecond.delete(second);
}

function addEvents(events) {
  const fresh = events.filter(({ id }) => id > lastEvent);
  lastEvent = fresh.at(-1)?.id ?? lastEvent;
  const list = byId("events");
  for (const event of fresh) {
    const item = document.createElement("li");
    item.className = `event event-${toneOf(event)}`;
    item.append(spanOf("when", clockText(event.at)), " ", spanOf("what", event.text));
    list.prepend(item);
  }
  while (list.children.length > MAX_EVENTS) list.lastElementChild.remove();
}

/** Of a change to the worse that of its state. */
function toneOf({ name, level }) {
  if (level !== "WARNING" && level !== "ERROR") return "none";
  return [...states.values()].find(({ event }) => event === name)?.tone === "bad" ? "bad" : "warning";
}

// The page.

function arrange() {
  sorted = [...rows.values()].sort(
    (a, b) => states.get(a.state).rank - states.get(b.state).rank || a.instance - b.instance,
  );
  byId("board").dataset.rows = isTable(sorted.length) ? "table" : "cards";
  byId("cards").hidden = isTable(sorted.length);
  if (isTable(sorted.length)) table.arrangeTable(sorted);
  else arrangeCards();
  for (const incarnation of cards.keys()) if (!rows.has(incarnation)) cards.delete(incarnation);
  byId("no-instance").hidden = sorted.length > 0;
}

function arrangeCards() {
  table.hideTable();
  const wanted = sorted.map((row) => cardOf(row));
  const list = byId("cards");
  if (wanted.length !== list.children.length || wanted.some((card, place) => list.children[place] !== card)) {
    const focused = document.activeElement;
    list.replaceChildren(...wanted);
    // The focus stays on its button when the card moves.
    if (list.contains(focused)) focused.focus({ preventScroll: true });
  }
}

function cardOf({ incarnation, instance }) {
  let card = cards.get(incarnation);
  if (card === undefined) {
    card = byId("card").content.firstElementChild.cloneNode(true);
    setText(card.querySelector("h3"), `Instance ${instance}`);
    setText(card.querySelector(".incarnation"), incarnation);
    card.querySelector(".fault-form")?.setAttribute("aria-label", `Faults of instance ${instance}`);
    card.querySelector("[name=target]")?.setAttribute("value", incarnation);
    cards.set(incarnation, card);
  }
  return card;
}

/** What the page knows: all of now while its feed is live. */
function knowledge() {
  const isCutOff = bus.status !== "connected" && bus.since !== null;
  return {
    bus: bus.status,
    busLostAt: isCutOff ? clockText(bus.since) : undefined,
    asOf: isLive ? undefined : clockText(shownAt),
  };
}

/** Everything that changes with time alone, too. */
function paint() {
  const now = marketNow();
  const all = sorted.map((row) => ({ row, lastMinute: view.lastMinuteOf(row.callsBySecond, secondNow()) }));
  const allCalls = all.reduce((sum, { lastMinute }) => sum + lastMinute, 0);
  if (isTable(all.length)) table.paintTable(all, states, { now, bus: bus.status });
  for (const { row, lastMinute } of all) if (hasCard(row)) paintCard(row, now, lastMinute, allCalls);
  setText(byId("all-calls"), view.callsSummary(calls));
  paintTurns();
  paintNotices();
}

const hasCard = ({ incarnation }) => !isTable(sorted.length) || table.isOpen(incarnation);

function paintCard(row, now, lastMinute, allCalls) {
  const card = cardOf(row);
  const { label, glyph, tone } = states.get(row.state);
  const find = (name) => card.querySelector(`.${name}`);
  if (card.dataset.state !== row.state) {
    card.classList.toggle("is-new-state", card.dataset.state !== undefined);
    card.dataset.state = row.state;
    card.dataset.tone = tone;
    find("state").className = `state tone-${tone}`;
  }
  setText(find("glyph"), glyph);
  setText(find("word"), label);
  setText(find("card-why"), view.whyText(row, now, bus.status));
  paintHeartbeat(row, now, find);
  paintFaults(row, now, find);
  setText(find("share"), allCalls === 0 ? "–" : `${Math.round((lastMinute / allCalls) * 100)} %`);
  setText(find("calls"), String(lastMinute));
  setText(find("success"), view.successText(row.calls));
  setText(find("errors"), String(row.calls.errors));
  find("errors").parentElement.classList.toggle("is-bad", row.calls.errors > 0);
  setText(find("call-total"), String(row.calls.total));
  setText(find("hedge-total"), String(row.calls.hedges));
  find("hedged").hidden = row.calls.hedges === 0;
  setText(find("p50"), view.msText(row.latency?.p50Ms));
  setText(find("p99"), view.msText(row.latency?.p99Ms));
  const spark = find("spark");
  spark.setAttribute("aria-label", `${lastMinute} calls in the last minute`);
  spark.firstElementChild.setAttribute("d", view.sparkPath(row.callsBySecond, secondNow()));
}

function paintHeartbeat({ heartbeat, membership }, now, find) {
  const isUp = membership.kind === "up";
  const saidGoodbye = membership.kind === "draining" || membership.reason === "left";
  const used = isUp ? Math.min(1, Math.max(0, (now - heartbeat.at) / (heartbeat.expiresAt - heartbeat.at))) : 1;
  setText(find("last-heartbeat"), `${ageText(now - heartbeat.at)} ago`);
  const fill = find("fill");
  fill.style.width = `${Math.round(used * 100)}%`;
  fill.dataset.late = saidGoodbye ? "goodbye" : used >= 1 ? "over" : used > 0.5 ? "half" : "no";
  find("bar").setAttribute("aria-valuenow", String(Math.round(used * 100)));
}

function paintFaults(row, now, find) {
  const active = view.faultTexts(row.faults, now);
  find("faults-on").hidden = active.length === 0;
  setText(find("faults-on"), `Injected: ${active.join("; ")}`);
  const menu = find("faults");
  if (menu) menu.hidden = !view.canBeAsked(row, now);
}

function paintTurns() {
  const known = turns.ring.filter((incarnation) => rows.has(incarnation));
  const shown = view.turnsShown(known, turns.next).map((incarnation) => rows.get(incarnation));
  setText(byId("more-turns"), view.moreTurnsText(known.length, shown.length));
  const ring = byId("ring");
  while (ring.children.length > shown.length) ring.lastElementChild.remove();
  while (ring.children.length < shown.length) ring.append(turnItem());
  for (const [place, row] of shown.entries()) paintTurn(row, ring.children[place]);
}

function turnItem() {
  const item = document.createElement("li");
  for (const className of ["number", "unseen"]) item.append(spanOf(className, ""));
  return item;
}

function paintTurn(row, item) {
  const isPassed = row.turn.kind === "passed over";
  item.className = row.incarnation === turns.next ? "is-next" : isPassed ? "is-passed" : "";
  setText(item.firstElementChild, String(row.instance));
  setText(item.lastElementChild, view.turnText(row, turns.next));
}

function paintNotices() {
  const all = [...rows.values()];
  const known = knowledge();
  byId("board").dataset.shown = view.shownAs(known);
  setText(byId("summary"), view.headline(all, known));
  const isWell = known.bus === "connected" && view.isAllHealthy(all, (state) => "trouble" in states.get(state));
  byId("summary").dataset.good = isWell ? "yes" : "no";
  setText(byId("bus"), view.busText(known));
  byId("bus").dataset.good = known.bus === "connected" ? "yes" : "no";
  setText(byId("next"), view.nextText(rows.get(turns.next), known));
  setText(document.querySelector("#instances-title .as-of"), view.titleNote(known));
  setText(document.querySelector("#turns-title .as-of"), view.titleNote({ ...known, busLostAt: undefined }));
  for (const name of ["markets", "traffic"])
    byId(name)?.dispatchEvent(new CustomEvent("as-of", { detail: known.asOf }));
  const chaos = byId("chaos");
  if (chaos) chaos.hidden = !all.some(({ faults }) => faults !== null);
}

/** An age would be wrong a second later: of what is old the time is shown. */
function paintOld() {
  paintNotices();
  const text = (row) => `at ${clockText(row.heartbeat.at)}`;
  if (isTable(sorted.length)) table.paintHeartbeats(sorted, text);
  for (const row of sorted) if (hasCard(row)) setText(cardOf(row).querySelector(".last-heartbeat"), text(row));
}

// The feed and its notice.

function showFeed(state, text) {
  byId("feed").dataset.feed = state;
  setText(byId("feed"), text);
  isLive = state === "live";
  if (!isLive && isFilled) paintOld();
}

/** The text stays the same while the feed is lost: screen readers announce each change of it. */
const showLost = () => showFeed("lost", `The feed is lost: state as of ${clockText(shownAt)}. Reconnecting.`);

function received(act) {
  return ({ data }) => {
    receivedAt = Date.now();
    shownAt = receivedAt;
    isLive = true;
    act(JSON.parse(data));
    showFeed("live", "Live.");
  };
}

function open() {
  source?.close();
  receivedAt = Date.now();
  source = new EventSource("/board/events");
  source.addEventListener("snapshot", received(onSnapshot));
  source.addEventListener("change", received(onChange));
  source.addEventListener("error", showLost);
}

// A browser has six connections for all tabs of a Market: with six forgotten boards it would load no page of the shop.
function onVisibilityChange() {
  clearTimeout(resting);
  if (document.hidden) resting = setTimeout(rest, REST_AFTER_MS);
  else if (byId("feed").dataset.feed === "resting") {
    showFeed("still", "Connecting to the feed.");
    open();
  }
}

function rest() {
  source.close();
  showFeed("resting", "Not updated while this tab is hidden.");
}

setInterval(() => {
  if (byId("feed").dataset.feed === "resting") return;
  const silentMs = Date.now() - receivedAt;
  if (silentMs > SILENT_AFTER_MS) showLost();
  // A browser does not reconnect after a response that is no feed, such as the 503 of a Market that is not ready.
  if (silentMs > REOPEN_AFTER_MS) open();
  // While the feed is lost, ages and countdowns stand still.
  if (byId("feed").dataset.feed === "live") paint();
}, 1000);
table.openTable(cardOf, () => {
  paint();
  if (!isLive) paintOld();
});
document.addEventListener("visibilitychange", onVisibilityChange);
onVisibilityChange();
// Other scripts of the page show parts of the frames. The feed opens once all of them have run.
document.addEventListener("DOMContentLoaded", open);
