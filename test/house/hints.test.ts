// Every kind of line that a program prints for a person to type, once: which test types it in the state that prints it, or
// why none does. A hint of a new kind has no row, and fails here.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { repository } from "../support/repository.ts";

const test = suite("hints");

type Row =
  | { readonly typedBy: string; readonly title: string }
  /** Nothing to type, or nothing that a test may. */
  | { readonly not: string };

const by = (typedBy: string, title: string): Row => ({ typedBy: `test/${typedBy}.test.ts`, title });
const not = (why: string): Row => ({ not: why });

const CURES = "dwc/commands/cures";
const CHECK = "system/check-cures.long";
const TYPED = "system/typed-hints.long";
const DEMO = "system/demo";
const OF_WALK = by("walkthrough/walkthrough", "every page and every line is as the story says");
const KNOWN = by("dwc/commands/cure-commands", "each names a command, with all that it needs");
const IN_DEMO = by(
  DEMO,
  "in a terminal each page and each change of state is one line, and Enter prints the instructions again",
);

const HINTS: Readonly<Record<string, Row>> = {
  "CHAOS=1 make startRatings COUNT=": by(TYPED, "where no instance takes faults, three that do are started"),
  "CHAOS=1 make startRatings INSTANCE=": by(
    CHECK,
    "an instance that was killed on purpose is started again, and takes faults as before",
  ),
  "bin/dwc": not("it names what there is: another word that is near to the typed one, or a page of help"),
  "bin/dwc accept-invitation": by(
    "dwc/bus-states.long",
    "a member refused by the bus is offered what a member can do, and that cures",
  ),
  "bin/dwc call": KNOWN,
  "bin/dwc check": by(
    "dwc/commands/renew",
    "check finds what an earlier dwc issued, and the command that it names replaces all of it",
  ),
  "bin/dwc completion": KNOWN,
  "bin/dwc create-org": by(CURES, "in no org, twice the same org, without a login, and with keys to be forgotten"),
  "bin/dwc create-service": by(CURES, "a bus that does not know the org, and a service that was revoked"),
  "bin/dwc events": KNOWN,
  "bin/dwc explain": by(TYPED, "ps without an instance, and explain and call of one that is not there: it is started"),
  "bin/dwc fault": by(
    DEMO,
    "opens with a bus of its own, four fresh ratings from three instances; a fault can be typed as it says; ^C ends all",
  ),
  "bin/dwc invite-user": by(CURES, "invited twice, a service that is not there, and what only the owner may do"),
  "bin/dwc login": by(CURES, "in no org, twice the same org, without a login, and with keys to be forgotten"),
  "bin/dwc logout": by(CURES, "in no org, twice the same org, without a login, and with keys to be forgotten"),
  "bin/dwc nats-config": by(CURES, "no bus, and an open one where an org is"),
  "bin/dwc ps": KNOWN,
  "bin/dwc push": by(CURES, "a bus that does not know the org, and a service that was revoked"),
  "bin/dwc renew": by(
    "dwc/commands/renew",
    "check finds what an earlier dwc issued, and the command that it names replaces all of it",
  ),
  "bin/dwc revoke": by(CURES, "invited twice, a service that is not there, and what only the owner may do"),
  "bin/dwc service-token": by(CURES, "invited twice, a service that is not there, and what only the owner may do"),
  "bin/dwc status": by(CURES, "in no org, twice the same org, without a login, and with keys to be forgotten"),
  "bin/dwc top": KNOWN,
  "brew install": not("it installs a program on the machine of the tests"),
  chmod: by(CURES, "files that others may read, also where a path needs quotes"),
  fg: by(DEMO, "in the background it does not read the keys of the shell, which would stop it"),
  "kill -9": OF_WALK,
  "kill -CONT": by(CHECK, "an instance that a signal has paused is continued, with the PID that it printed"),
  "kill -KILL": by(CURES, "a change that is held up by a process that was stopped"),
  "kill -STOP": IN_DEMO,
  "make add-ratings": OF_WALK,
  "make datawire-connect": OF_WALK,
  "make demo": by(
    DEMO,
    "says in one line that its port is taken, and starts nothing; with what it says added it opens",
  ),
  "make market": by(CHECK, "what is missing is started by what is printed, until all is well"),
  "make monolith": OF_WALK,
  "make replay": not("it names a file that the person has"),
  "make shoppers": not("it goes on until ^C, and its rate is refused where it is typed"),
  "make startRatings": by(TYPED, "a number that is taken, and an instance of several that has ended"),
  "make tour": by("system/tour", "waits for the person, does it at a key, and goes on next time where it was left"),
  "make tracing": not("it installs packages"),
  "nats-server -a": not("it stands in an error of the library, whose caller has no bus yet"),
  "nats-server -c": by(CURES, "no bus, and an open one where an org is"),
  "ss -ltnp": by(CHECK, "a Market that is paused is continued, with the PID that the printed command names"),
  "sudo apt-get": not("it installs a program on the machine of the tests"),
  "sudo chown": not("it changes files of another user"),
};

/** What begins such a line in a text: two blanks, a colon, a quote or a bracket stand before it. */
const LINE =
  /(?:["'`(]| {2}|: |type |\n)((?:CHAOS=1 make \w+ [A-Z]+=)|make [a-z][a-zA-Z-]+|bin\/dwc(?: [a-z][a-z-]+)?|kill -[A-Z0-9]+|fg(?= {2})|ss -\w+|nats-server -\w|chmod(?= )|sudo [a-z-]+|brew install)/g;
/** Prose that begins like a line: "make one of …". */
const PROSE: ReadonlySet<string> = new Set(["make one"]);

function printed(): ReadonlySet<string> {
  const files = readdirSync(join(repository, "src"), { recursive: true, encoding: "utf8" });
  const texts = files
    .filter((file) => file.endsWith(".ts"))
    .map((file) => readFileSync(join(repository, "src", file), "utf8").replace(/^\s*(\/\/|\*|\/\*\*).*$/gm, ""));
  const kinds = texts.flatMap((text) => [...text.matchAll(LINE)].map(([, kind = ""]) => kind));
  return new Set(kinds.filter((kind) => !PROSE.has(kind)));
}

test("each kind of line to type has a test that types it, or a reason why none does", () => {
  const kinds = printed();
  assert.equal([...kinds].filter((kind) => HINTS[kind] === undefined).sort(), [], "these have no row");
  assert.equal(
    Object.keys(HINTS).filter((kind) => !kinds.has(kind)),
    [],
    "no program prints these",
  );
});

test("each test that a row names is there", () => {
  for (const [kind, row] of Object.entries(HINTS))
    if ("typedBy" in row) {
      const text = readFileSync(join(repository, row.typedBy), "utf8");
      assert.ok(text.includes(JSON.stringify(row.title)), `${kind}: ${row.typedBy} has no test ${row.title}`);
    }
});

test.run();
