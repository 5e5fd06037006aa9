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
  told.textContent = "Asked: waiting for the answer.";
  const body = new URLSearchParams(new FormData(form, button));
  told.textContent = await answerTo(form.action, body);
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
