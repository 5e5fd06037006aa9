// Sends a fault form without leaving the page; without scripts the same form is posted. The result is shown as one
// sentence. The board shows active faults as the instances report them.

const notice = document.getElementById("fault-result");

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches(".fault-form")) return;
  event.preventDefault();
  void send(form, event.submitter);
});

async function send(form, button) {
  show(form, "Sent: waiting for the answer.");
  show(form, await answerTo(form.action, new URLSearchParams(new FormData(form, button))));
}

/** In the notice that screen readers announce, and beside the button, which may be far from it. */
function show(form, text) {
  notice.textContent = text;
  for (const other of document.querySelectorAll(".fault-answer")) other.textContent = form.contains(other) ? text : "";
}

async function answerTo(address, body) {
  try {
    const response = await fetch(address, { method: "POST", body, headers: { Accept: "application/json" } });
    const { message, error } = await response.json();
    return sentence(message ?? error);
  } catch {
    return "The Market did not answer: it may not have received the request.";
  }
}

const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
