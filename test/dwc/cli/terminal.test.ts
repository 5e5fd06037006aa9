// takes: 20 s
// shares: terminals
// dwc at a terminal with a person: it asks before what cannot be taken back, and does not show what is secret.

import { suite } from "uvu";
import * as assert from "uvu/assert";

import { openWindow, type Window } from "../../support/terminal.ts";
import { annsDesk, Desk, PROGRAM } from "../run-dwc.ts";

const test = suite("dwc at a terminal");
const SOON_MS = 20_000;

let window: Window;
let ann: Desk;
test.before.each(async () => {
  ann = await annsDesk();
});
test.after.each(async () => {
  await window.close();
  ann.clear();
});

async function open(desk: Desk): Promise<void> {
  const { PATH = "" } = process.env;
  window = await openWindow({ name: "W", env: { PATH, HOME: desk.folder, DWC_STATE: desk.state, DWC: PROGRAM } });
}

/** Types a line, and waits until the window shows what it must. */
async function type(text: string, pattern: RegExp): Promise<void> {
  const from = window.mark();
  window.type(`${text}\n`);
  await window.waitFor(pattern, SOON_MS, from);
}

/** ^C at what is asked, back to the prompt of the shell. */
async function interrupt(): Promise<void> {
  const from = window.mark();
  window.ctrlC();
  await window.waitFor(/W\$ /, SOON_MS, from);
}

// Which answers are a yes: commands-answered.test.ts.
test("logout asks, and only a yes is a yes", async () => {
  await open(ann);
  const before = ann.snapshot();
  for (const no of ["", "\u0004"]) {
    await type('"$DWC" logout; echo "ended $?"', /deletes the keys of .*My Test Org[\s\S]*\[y\/N\] $/);
    await type(no, /nothing was changed[\s\S]*ended 1/);
  }
  await type('"$DWC" logout; echo "ended $?"', /\[y\/N\] $/);
  await interrupt();
  assert.equal(ann.snapshot(), before);
  await type('"$DWC" logout; echo "ended $?"', /\[y\/N\] $/);
  await type("Yes", /Logged out[\s\S]*ended 4/);
});

test("a pasted invitation is not shown, however long it is, and ^C while it is awaited ends that", async () => {
  const code = (await ann.must("invite-user", "ben@example.org")).trim();
  const ben = new Desk();
  await open(ben);
  await type('"$DWC" accept-invitation -', /then Enter: $/);
  await interrupt();
  assert.equal(ben.snapshot(), {});
  await type('"$DWC" accept-invitation -; echo "ended $?"', /not shown\), then Enter: $/);
  await type(code, /Now logged in as \[\w+\]ben@example\.org[\s\S]*ended 0/);
  assert.not.match(window.output(), code.slice(0, 40));
  ben.clear();
});

test.run();
