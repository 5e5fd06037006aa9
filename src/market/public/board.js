// Keeps the board up to date: one snapshot, then what changes, over server-sent events. It decides nothing; what is
// shown comes from the Market, and the words for states from the list at the end of the page.

const SECONDS = 60;
const MOST_EVENTS = 60;
/** The Market sends something every second. */
const SILENT_AFTER_MS = 3500;
const REOPEN_AFTER_MS = 6000;

const byId = (id) => document.getElementById(id);
const faces = new Map(
  [...byId("legend").children].map((item, rank) => [item.dataset.state, { rank, ...item.dataset }]),
);
const rows = new Map();
const cards = new Map();
let turns = { ring: [], next: null };
let bus = "connected";
let aheadMs = 0;
let lastEvent = 0;
let heardAt = Date.now();
let latest = { second: 0, receivedAt: Date.now() };
let source;

const marketNow = () => Date.now() + aheadMs;
/** Seconds are numbered by the Market; between two frames they run on here. */
const secondNow = () => latest.second + Math.floor((Date.now() - latest.receivedAt) / 1000);
const seconds = (ms) => Math.max(0, Math.round(ms / 1000));
const setText = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

// What comes in.

function onSnapshot(snapshot) {
  rows.clear();
  byId("events").replaceChildren();
  lastEvent = 0;
  onChange({ ...snapshot, counts: [], gone: [] });
  byId("cards").hidden = false;
  byId("ring").hidden = false;
  byId("table").hidden = true;
}

function onChange(change) {
  aheadMs = change.at - Date.now();
  latest = { second: change.second, receivedAt: Date.now() };
  bus = change.bus;
  if (change.turns) turns = { ...turns, ...change.turns };
  // Shown by a file of its own (board-markets.js).
  if (change.markets) byId("disputes").dispatchEvent(new CustomEvent("told", { detail: change }));
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

function addCount([incarnation, at, countsUntil, total, , p50Ms, p99Ms, lastSeconds, hedges]) {
  const row = rows.get(incarnation);
  if (row === undefined) return;
  row.heartbeat = { at, countsUntil };
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
    const when = document.createElement("span");
    when.className = "when";
    when.textContent = new Date(event.at).toLocaleTimeString([], { hour12: false });
    const what = document.createElement("span");
    what.textContent = event.text;
    item.append(when, " ", what);
    list.prepend(item);
  }
  while (list.children.length > MOST_EVENTS) list.lastElementChild.remove();
}

// What is shown.

function arrange() {
  const sorted = [...rows.values()].sort(
    (a, b) => faces.get(a.state).rank - faces.get(b.state).rank || a.instance - b.instance,
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
  const all = [...rows.values()].map((row) => ({ row, lastMinute: lastMinuteOf(row) }));
  const calls = all.reduce((sum, { lastMinute }) => sum + lastMinute, 0);
  for (const { row, lastMinute } of all) paintCard(row, now, lastMinute, calls);
  paintTurns();
  paintNotices();
}

function paintCard(row, now, lastMinute, allCalls) {
  const card = cardOf(row);
  const { glyph, word } = faces.get(row.state);
  const find = (name) => card.querySelector(`.${name}`);
  if (card.dataset.state !== row.state) {
    card.classList.toggle("is-new-state", card.dataset.state !== undefined);
    card.dataset.state = row.state;
    find("state").className = `state state-${row.state}`;
  }
  setText(find("glyph"), glyph);
  setText(find("word"), word);
  setText(find("card-why"), whyText(row, now));
  paintBeat(row, now, find);
  paintFaults(row, now, find);
  setText(find("share"), allCalls === 0 ? "–" : `${Math.round((lastMinute / allCalls) * 100)} %`);
  setText(find("call-total"), callsText(row.calls));
  setText(find("p50"), msText(row.latency?.p50Ms));
  setText(find("p99"), msText(row.latency?.p99Ms));
  const spark = find("spark");
  spark.setAttribute("aria-label", `${lastMinute} calls in the last minute`);
  spark.firstElementChild.setAttribute("d", sparkPath(row));
}

function paintBeat({ heartbeat, membership }, now, find) {
  const isUp = membership.kind === "up";
  const used = isUp ? Math.min(1, Math.max(0, (now - heartbeat.at) / (heartbeat.countsUntil - heartbeat.at))) : 1;
  setText(find("heard"), `${seconds(now - heartbeat.at)} s ago`);
  const fill = find("fill");
  fill.style.width = `${Math.round(used * 100)}%`;
  fill.dataset.late = used >= 1 ? "over" : used > 0.5 ? "half" : "no";
  find("bar").setAttribute("aria-valuenow", String(Math.round(used * 100)));
}

/** What is over is over, whether it was heard or not. */
function paintFaults({ faults, membership }, now, find) {
  const on = (faults ?? []).filter(({ endsAt }) => endsAt > now);
  const texts = on.map(({ text, endsAt }) => `${text}, ends in ${Math.ceil((endsAt - now) / 1000)} s`);
  find("faults-on").hidden = on.length === 0;
  setText(find("faults-on"), `On purpose: ${texts.join("; ")}`);
  const menu = find("faults");
  if (menu) menu.hidden = faults === null || (membership.kind !== "up" && on.length === 0);
}

function whyText({ breaker, membership, state, turn }, now) {
  const opened = breaker.openedAt === null ? "" : `${breaker.why}, ${seconds(now - breaker.openedAt)} s ago`;
  if (membership.kind === "gone") return goneText(membership, opened);
  if (membership.kind === "draining") return "finishes what it has";
  if (state === "open") {
    const leftMs = breaker.retestAt - now;
    return leftMs > 0 ? `${opened} · retest in ${Math.ceil(leftMs / 1000)} s` : `${opened} · retest with the next call`;
  }
  if (state === "retesting") return `${opened} · a retest is out`;
  if (state === "probation") return `${breaker.answersLeft} ${breaker.answersLeft === 1 ? "answer" : "answers"} to go`;
  if (turn.kind === "passed over") return turn.why;
  return opened === "" ? "takes its turns" : `takes its turns · last opened ${seconds(now - breaker.openedAt)} s ago`;
}

function goneText({ how }, opened) {
  if (how === "left") return "said goodbye";
  return opened === "" ? how : `${how} · breaker opened: ${opened}`;
}

const callsText = ({ total, hedges }) => (hedges > 0 ? `${total} + ${hedges} hedged` : String(total));
const msText = (ms) => (ms === undefined ? "–" : `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`);

function lastMinuteOf({ made }) {
  let sum = 0;
  for (const [second, calls] of made) if (second > secondNow() - SECONDS) sum += calls;
  return sum;
}

function sparkPath({ made }) {
  const most = Math.max(4, ...made.values());
  let path = "";
  for (const [second, calls] of made) {
    const place = SECONDS - 1 - (secondNow() - second);
    if (place < 0 || place >= SECONDS) continue;
    const height = Math.max(2, Math.round((calls / most) * 38));
    path += `M${place * 4} 40v-${height}h3v${height}z`;
  }
  return path;
}

function paintTurns() {
  const next = rows.get(turns.next);
  setText(byId("next"), next ? `Instance ${next.instance} gets the next call.` : "Nobody: all services are down.");
  const items = turns.ring.filter((incarnation) => rows.has(incarnation));
  const ring = byId("ring");
  while (ring.children.length > items.length) ring.lastElementChild.remove();
  while (ring.children.length < items.length) ring.append(document.createElement("li"));
  items.forEach((incarnation, place) => {
    const row = rows.get(incarnation);
    const item = ring.children[place];
    const isPassed = row.turn.kind === "passed over";
    item.className = incarnation === turns.next ? "is-next" : isPassed ? "is-passed" : "";
    const note = incarnation === turns.next ? ", next" : isPassed ? ", passed over" : "";
    setText(item, String(row.instance));
    if (item.getAttribute("aria-label") !== `${row.instance}${note}`) {
      item.setAttribute("aria-label", `${row.instance}${note}`);
      item.title = isPassed ? row.turn.why : "";
    }
  });
}

function paintNotices() {
  const up = [...rows.values()].filter(({ membership }) => membership.kind === "up");
  const well = up.filter(({ state }) => state === "well").length;
  const lost = [...rows.values()].filter(({ state }) => state === "lost").length;
  const summary = byId("summary");
  const all = `${up.length} instance${up.length === 1 ? "" : "s"} up, ${well === up.length ? "all" : well} well`;
  setText(summary, `${up.length === 0 ? "No instance is up" : all}${lost > 0 ? `, ${lost} lost` : ""}.`);
  summary.dataset.good = up.length > 0 && well === up.length && lost === 0 ? "yes" : "no";
  setText(byId("bus"), bus === "connected" ? "The bus is there." : "The bus is away: nobody can be asked.");
  byId("bus").dataset.good = bus === "connected" ? "yes" : "no";
  const chaos = byId("chaos");
  if (chaos) chaos.hidden = ![...rows.values()].some(({ faults }) => faults !== null);
}

// The feed, and what is said of it.

function sayFeed(state, text) {
  byId("feed").dataset.feed = state;
  setText(byId("feed"), text);
}

function heard(act) {
  return ({ data }) => {
    heardAt = Date.now();
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
  source.addEventListener("error", () => sayFeed("lost", "The feed is lost, and this is old: connecting again."));
}

setInterval(() => {
  const silentMs = Date.now() - heardAt;
  if (silentMs > SILENT_AFTER_MS) sayFeed("lost", "The feed is lost, and this is old: connecting again.");
  // A browser gives up after an answer that is no feed, such as a Market that was not ready yet.
  if (silentMs > REOPEN_AFTER_MS) open();
  if (silentMs <= SILENT_AFTER_MS && rows.size > 0) paint();
}, 1000);
open();
