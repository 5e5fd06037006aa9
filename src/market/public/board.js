// Keeps the board up to date: one snapshot, then what changes, over server-sent events. It decides nothing; what is
// shown comes from the Market, and so do the words: those for states stand in the list at the end of the page.

import * as words from "./board-text.js";
import { ageText } from "./page-format.js";
import { lastMinuteOf, sparkPath } from "./sparkline.js";

const SECONDS = 60;
const MOST_EVENTS = 60;
/** The Market sends something every second. */
const SILENT_AFTER_MS = 3500;
const REOPEN_AFTER_MS = 6000;
/** How long a tab that nobody sees is kept up to date. */
const REST_AFTER_MS = 60_000;

const byId = (id) => document.getElementById(id);
const states = new Map(
  [...byId("legend").children].map((item, rank) => [item.dataset.state, { rank, ...item.dataset }]),
);
const rows = new Map();
const cards = new Map();
let turns = { ring: [], next: null };
let bus = "connected";
let aheadMs = 0;
let lastEvent = 0;
let heardAt = Date.now();
/** When what is shown was heard; at first, with the page. */
let shownAt = heardAt;
let latest = { second: 0, receivedAt: Date.now() };
let source;
let resting;

const marketNow = () => Date.now() + aheadMs;
/** Seconds are numbered by the Market; between two frames they run on here. */
const secondNow = () => latest.second + Math.floor((Date.now() - latest.receivedAt) / 1000);
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

// What comes in.

function onSnapshot(snapshot) {
  rows.clear();
  byId("events").replaceChildren();
  lastEvent = 0;
  onChange({ ...snapshot, counts: [], gone: [] });
  byId("cards").hidden = false;
  byId("table").hidden = true;
}

function onChange(change) {
  aheadMs = change.at - Date.now();
  latest = { second: change.second, receivedAt: Date.now() };
  bus = change.bus;
  if (change.turns) turns = { ...turns, ...change.turns };
  // Shown by a file of its own (board-markets.js).
  if (change.markets) byId("disagreements").dispatchEvent(new CustomEvent("told", { detail: change }));
  for (const row of change.instances) rows.set(row.incarnation, withSeconds(row));
  for (const count of change.counts) addCount(count);
  for (const incarnation of change.gone) rows.delete(incarnation);
  addEvents(change.events);
  arrange();
  paint();
}

/** Calls by the second in which they were made, so that time can go on without being told. */
function withSeconds(row) {
  const made = new Map();
  (row.calls.seconds ?? []).forEach((calls, place, all) => {
    if (calls > 0) made.set(latest.second - (all.length - 1 - place), calls);
  });
  return { ...row, made };
}

function addCount([incarnation, at, expiresAt, total, , p50Ms, p99Ms, lastSeconds, hedges]) {
  const row = rows.get(incarnation);
  if (row === undefined) return;
  row.heartbeat = { at, expiresAt };
  row.calls = { ...row.calls, total, hedges };
  row.latency = p50Ms === null ? null : { p50Ms, p99Ms };
  lastSeconds.forEach((calls, place) => {
    const second = latest.second - (lastSeconds.length - 1 - place);
    if (calls > 0) row.made.set(second, calls);
  });
  for (const second of row.made.keys()) if (second <= latest.second - SECONDS) row.made.delete(second);
}

function addEvents(events) {
  const fresh = events.filter(({ id }) => id > lastEvent);
  lastEvent = fresh.at(-1)?.id ?? lastEvent;
  const list = byId("events");
  for (const event of fresh) {
    const item = document.createElement("li");
    item.className = `event event-${event.level.toLowerCase()}`;
    item.append(spanOf("when", clockText(event.at)), " ", spanOf("what", event.text));
    list.prepend(item);
  }
  while (list.children.length > MOST_EVENTS) list.lastElementChild.remove();
}

// What is shown.

function arrange() {
  const sorted = [...rows.values()].sort(
    (a, b) => states.get(a.state).rank - states.get(b.state).rank || a.instance - b.instance,
  );
  const wanted = sorted.map((row) => cardOf(row));
  const list = byId("cards");
  if (wanted.length !== list.children.length || wanted.some((card, place) => list.children[place] !== card)) {
    const focused = document.activeElement;
    list.replaceChildren(...wanted);
    // Whoever is at a button of a card stays there, wherever the card has gone.
    if (list.contains(focused)) focused.focus({ preventScroll: true });
  }
  for (const incarnation of cards.keys()) if (!rows.has(incarnation)) cards.delete(incarnation);
  byId("nobody").hidden = sorted.length > 0;
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

/** Everything that time alone changes too. */
function paint() {
  const now = marketNow();
  const all = [...rows.values()].map((row) => ({ row, lastMinute: lastMinuteOf(row.made, secondNow()) }));
  const calls = all.reduce((sum, { lastMinute }) => sum + lastMinute, 0);
  for (const { row, lastMinute } of all) paintCard(row, now, lastMinute, calls);
  paintTurns();
  paintNotices();
}

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
  setText(find("card-why"), words.whyText(row, now));
  paintBeat(row, now, find);
  paintFaults(row, now, find);
  setText(find("share"), allCalls === 0 ? "–" : `${Math.round((lastMinute / allCalls) * 100)} %`);
  setText(find("call-total"), String(row.calls.total));
  setText(find("hedge-total"), String(row.calls.hedges));
  find("hedged").hidden = row.calls.hedges === 0;
  setText(find("p50"), words.msText(row.latency?.p50Ms));
  setText(find("p99"), words.msText(row.latency?.p99Ms));
  const spark = find("spark");
  spark.setAttribute("aria-label", `${lastMinute} calls in the last minute`);
  spark.firstElementChild.setAttribute("d", sparkPath(row.made, secondNow()));
}

function paintBeat({ heartbeat, membership }, now, find) {
  const isUp = membership.kind === "up";
  const saidGoodbye = membership.kind === "draining" || membership.reason === "left";
  const used = isUp ? Math.min(1, Math.max(0, (now - heartbeat.at) / (heartbeat.expiresAt - heartbeat.at))) : 1;
  setText(find("heard"), `${ageText(now - heartbeat.at)} ago`);
  const fill = find("fill");
  fill.style.width = `${Math.round(used * 100)}%`;
  fill.dataset.late = saidGoodbye ? "goodbye" : used >= 1 ? "over" : used > 0.5 ? "half" : "no";
  find("bar").setAttribute("aria-valuenow", String(Math.round(used * 100)));
}

function paintFaults(row, now, find) {
  const texts = words.faultTexts(row.faults, now);
  find("faults-on").hidden = texts.length === 0;
  setText(find("faults-on"), `On purpose: ${texts.join("; ")}`);
  const menu = find("faults");
  if (menu) menu.hidden = !words.canBeAsked(row, now);
}

function paintTurns() {
  const known = turns.ring.filter((incarnation) => rows.has(incarnation));
  const shown = words.turnsShown(known, turns.next).map((incarnation) => rows.get(incarnation));
  setText(byId("next"), words.nextText(rows.get(turns.next)));
  setText(byId("more-turns"), words.moreTurnsText(known.length, shown.length));
  const ring = byId("ring");
  while (ring.children.length > shown.length) ring.lastElementChild.remove();
  while (ring.children.length < shown.length) ring.append(turnItem());
  for (const [place, row] of shown.entries()) paintTurn(row, ring.children[place]);
}

function turnItem() {
  const item = document.createElement("li");
  for (const look of ["number", "unseen"]) item.append(spanOf(look, ""));
  return item;
}

function paintTurn(row, item) {
  const isPassed = row.turn.kind === "passed over";
  item.className = row.incarnation === turns.next ? "is-next" : isPassed ? "is-passed" : "";
  setText(item.firstElementChild, String(row.instance));
  setText(item.lastElementChild, words.turnText(row, turns.next));
}

function paintNotices() {
  const all = [...rows.values()];
  const summary = byId("summary");
  setText(summary, words.summaryText(all));
  summary.dataset.good = words.isAllWell(all, (state) => "trouble" in states.get(state)) ? "yes" : "no";
  setText(byId("bus"), words.busText(bus));
  byId("bus").dataset.good = bus === "connected" ? "yes" : "no";
  const chaos = byId("chaos");
  if (chaos) chaos.hidden = !all.some(({ faults }) => faults !== null);
}

// The feed, and what is said of it.

function sayFeed(state, text) {
  byId("feed").dataset.feed = state;
  setText(byId("feed"), text);
}

/** The same sentence as long as it is lost: it is read out each time that it is another. */
const sayLost = () => sayFeed("lost", `The feed is lost: this is as of ${clockText(shownAt)}. Connecting again.`);

function heard(act) {
  return ({ data }) => {
    heardAt = Date.now();
    shownAt = heardAt;
    act(JSON.parse(data));
    sayFeed("live", "Live: what happens is shown as it happens.");
  };
}

function open() {
  source?.close();
  heardAt = Date.now();
  source = new EventSource("/board/events");
  source.addEventListener("snapshot", heard(onSnapshot));
  source.addEventListener("change", heard(onChange));
  source.addEventListener("error", sayLost);
}

// A browser has six connections for all tabs of a Market: six forgotten boards, and it would load no page of the shop.
function onSeenOrNot() {
  clearTimeout(resting);
  if (document.hidden) resting = setTimeout(rest, REST_AFTER_MS);
  else if (byId("feed").dataset.feed === "resting") {
    sayFeed("still", "Connecting to the feed.");
    open();
  }
}

function rest() {
  source.close();
  sayFeed("resting", "Not followed while nobody looks at this tab.");
}

setInterval(() => {
  if (byId("feed").dataset.feed === "resting") return;
  const silentMs = Date.now() - heardAt;
  if (silentMs > SILENT_AFTER_MS) sayLost();
  // A browser gives up after an answer that is no feed, such as a Market that was not ready yet.
  if (silentMs > REOPEN_AFTER_MS) open();
  // Of what is lost no age and no countdown runs on.
  if (byId("feed").dataset.feed === "live") paint();
}, 1000);
document.addEventListener("visibilitychange", onSeenOrNot);
onSeenOrNot();
open();
