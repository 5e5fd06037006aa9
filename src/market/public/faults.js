// Asks for a fault without leaving the page: the forms are the page's own, and post the same where no script runs. What came
// of it is said in one sentence; what is on then, the board shows as the instances tell it.

const told = document.getElementById("told");

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches(".fault-form")) return;
  event.preventDefault();
  void ask(form, event.submitter);
});

async function ask(form, button) {
  say(form, "Asked: waiting for the answer.");
  say(form, await answerTo(form.action, new URLSearchParams(new FormData(form, button))));
}

/** Where it is read out, and beside the button that was pressed: the one may be far from the other. */
function say(form, text) {
  told.textContent = text;
  for (const other of document.querySelectorAll(".fault-told")) other.textContent = form.contains(other) ? text : "";
}

async function answerTo(address, body) {
  try {
    const response = await fetch(address, { method: "POST", body, headers: { Accept: "application/json" } });
    const { message, error } = await response.json();
    return sentence(message ?? error);
  } catch {
    return "The Market did not answer: it may not have heard what was asked.";
  }
}

const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
