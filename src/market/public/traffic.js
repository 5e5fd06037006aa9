// The switch "Traffic": sends its form without leaving the page, and shows its position and what shoppers got, as the
// Market reports them. The data comes from board.js.

import { asOfText } from "./board-view.js";
import { trafficText } from "./traffic-text.js";

const panel = document.getElementById("traffic");
const got = document.getElementById("traffic-got");
const answer = document.getElementById("traffic-answer");
let traffic;
/** The time of what is shown; undefined: the page is live. */
let asOf;

panel?.addEventListener("traffic", ({ detail }) => show(detail));
panel?.addEventListener("as-of", ({ detail }) => {
  asOf = detail ?? undefined;
  if (traffic) paint();
});
panel?.addEventListener("submit", (event) => {
  event.preventDefault();
  void send(event.target, event.submitter);
});

function show(newTraffic) {
  traffic = newTraffic;
  for (const button of panel.querySelectorAll("button"))
    button.setAttribute("aria-pressed", String(Number(button.value) === traffic.rate));
  paint();
}

function paint() {
  const text = asOfText(trafficText(traffic), asOf);
  if (got.textContent !== text) got.textContent = text;
  got.dataset.failed = traffic.shoppers?.failed > 0 ? "some" : "none";
}

async function send(form, button) {
  try {
    const body = new URLSearchParams(new FormData(form, button));
    const response = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
    const { message, error, traffic: newTraffic } = await response.json();
    if (newTraffic) show(newTraffic);
    answer.textContent = sentence(message ?? error);
  } catch {
    answer.textContent = "The Market did not answer: it may not have received the request.";
  }
}

const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
