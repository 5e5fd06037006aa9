// takes: 60 s
// Each hint of `dwc check` about what runs is typed in the state that prints it, as it was printed, and the finding is gone.

import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { annsDesk } from "../dwc/run-dwc.ts";
import { listen } from "../support/listen.ts";
import { systemSuite, worldSuite } from "../support/system.ts";
import { Checked, command, type Found, LIMIT_MS } from "../support/typed-hints.ts";
import { type RunningMarket, until, type World } from "../support/world.ts";

/** A lease of a second: an instance that sends no heartbeats is lost soon. */
const SHORT = { HEARTBEAT_INTERVAL_MS: "500", RETEST_DELAY_MS: "300000" };

const system = systemSuite("hints of check", SHORT);

async function opened(world: World, chaos = {}): Promise<{ market: RunningMarket; checked: Checked }> {
  const market = await world.startMarket();
  await Promise.all([1, 2].map((number) => world.startRatings(number, chaos)));
  await market.untilKnown(2);
  const port = (url: string): string => new URL(url).port;
  const checked = new Checked(world, { ...SHORT, PORT: port(market.url), ADMIN_PORT: port(market.admin) });
  return { market, checked };
}

system(
  "an instance that is muted, one that has an open breaker, and one that fails on purpose: the fault is ended",
  async ({ world }) => {
    const { market, checked } = await opened(world, { CHAOS: "1" });
    try {
      // A reset that waits in the socket of a paused process ends the fault that comes after it: so that one is last.
      for (const [number, fault, what] of [
        [1, ["fail", "100%"], /^ratings\/1 is failing/],
        [2, ["mute"], /^ratings\/2 is lost: no heartbeat/],
        [2, ["pause"], /^ratings\/2 (receives no calls|is lost)/],
      ] as const) {
        await world.dwcDone(["fault", `ratings/${number}`, ...fault, "--for", "300s"]);
        const load = setInterval(() => void market.page(), 100);
        const hint = await checked.hint(what);
        clearInterval(load);
        assert.is(hint, `bin/dwc fault reset ratings/${number}`, what.source);
        await world.dwcDone(hint.split(" ").slice(1));
        // Errors count for a minute.
        if (number === 2) await checked.gone(/^ratings\/2 /);
      }
    } finally {
      await checked.close();
    }
  },
);

system("an instance that was killed on purpose is started again, and takes faults as before", async ({ world }) => {
  const { market, checked } = await opened(world, { CHAOS: "1" });
  try {
    const killed = await world.dwcDone(["fault", "ratings/2", "kill"]);
    for (let pages = 0; pages < 3; pages += 1) await market.page();
    const start = command(await checked.hint(/^ratings\/2 is lost: no (responders|heartbeat)/), "CHAOS=1 make");
    assert.match(killed.said, start, "dwc fault says the same");
    checked.type(start);
    await checked.gone(/^ratings\/2 /);
    await world.dwcDone(["fault", "reset", "ratings/2"]);
  } finally {
    await checked.close();
  }
});

system("an instance that a signal has paused is continued, with the PID that it printed", async ({ world }) => {
  const { market, checked } = await opened(world);
  try {
    // The lease of the one ends soon, that of the other does not.
    for (const [number, what, env] of [
      [3, /^ratings\/3 is lost: no heartbeat/, {}],
      [4, /^ratings\/4 receives no calls/, { HEARTBEAT_INTERVAL_MS: "300000" }],
    ] as const) {
      const { program } = await world.startRatings(number, env);
      await market.untilKnown(number);
      await program.stop();
      for (let pages = 0; pages < 2; pages += 1) await market.page();
      const hint = await checked.hint(what);
      const [, pid = ""] = /pid (\d+)/.exec(program.lines.join("\n")) ?? [];
      await checked.output(command(hint, "kill -CONT").replace("PID", pid));
      await checked.gone(new RegExp(`^ratings/${number} `));
    }
  } finally {
    await checked.close();
  }
});

system("where all are paused they are continued, and not started again", async ({ world }) => {
  const market = await world.startMarket();
  const one = await world.startRatings(1);
  await market.untilKnown(1);
  const [port, adminPort] = [new URL(market.url).port, new URL(market.admin).port];
  const checked = new Checked(world, { ...SHORT, PORT: port, ADMIN_PORT: adminPort });
  try {
    await one.program.stop();
    const hint = await checked.hint(
      /^no instance of ratings answers the roll call, though the Market knows 1: is it paused/,
    );
    await checked.output(command(hint, "kill -CONT").replace("PID", String(one.program.pid)));
    await checked.gone(/^no instance of ratings answers/);
  } finally {
    await checked.close();
  }
});

system("a Market that is paused is continued, with the PID that the printed command names", async ({ world }) => {
  const { market, checked } = await opened(world);
  try {
    await market.program.stop();
    const hint = await checked.hint(/says nothing: a paused Market\?/);
    const [, pid = ""] = /pid=(\d+)/.exec(await checked.output(command(hint, "ss "))) ?? [];
    assert.is(Number(pid), market.program.pid);
    await checked.output(command(hint, "kill -CONT").replace("PID", pid));
    await checked.gone(/paused Market/);
  } finally {
    market.program.signal("SIGCONT");
    await checked.close();
  }
});

system("a bus that is paused is continued, with the PID that the printed command names", async ({ world, server }) => {
  const checked = new Checked(world);
  try {
    server.pause();
    const hint = await checked.hint(/says nothing: a paused bus\?/);
    const [, pid = ""] = /pid=(\d+)/.exec(await checked.output(command(hint, "ss "))) ?? [];
    await checked.output(command(hint, "kill -CONT").replace("PID", pid));
    await checked.gone(/paused bus/);
  } finally {
    server.resume();
    await checked.close();
  }
});

const alone = worldSuite("hints of check before anything runs");

alone("what is missing is started by what is printed, until all is well", async ({ world }) => {
  const squatter = createServer();
  const port = await listen(squatter);
  squatter.close();
  const checked = new Checked(world, { PORT: String(port), ADMIN_PORT: "0" });
  try {
    checked.type(command(await checked.hint(/does not answer$/)));
    await checked.gone(/does not answer$/);
    await checked.gone(/^no Market answers/);
    checked.type(command(await checked.hint(/^no instance of ratings answers/)));
    await checked.gone(/^no instance of ratings answers/);
    await checked.gone(/degraded/);
  } finally {
    await checked.close();
  }
});

alone("ports that other programs have: the Market and its bus are started on others", async ({ world }) => {
  const [page, bus] = [
    createServer((socket) => socket.end("HTTP/1.1 404 Not Found\r\n\r\n")),
    createServer((socket) => socket.end("hello\r\n")),
  ];
  const port = await listen(page);
  // The next port, which the hint names, is for the Market.
  const spare = createServer();
  await listen(spare);
  const busPort = await listen(bus);
  spare.close();
  const checked = new Checked(world, { PORT: String(port), ADMIN_PORT: "0", NATS_URL: `nats://127.0.0.1:${busPort}` });
  try {
    const hints = [
      command(await checked.hint(/is taken by something that is not NATS/), "make "),
      command(await checked.hint(/taken by something that is not the Market/)),
    ];
    // Both at once: each is typed with what the other adds.
    const [, natsUrl = ""] = /NATS_URL=(\S+)/.exec(hints[0] ?? "") ?? [];
    const child = checked.type(`${hints[1]} NATS_URL=${natsUrl}`);
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8").on("data", (part) => (text += part));
    await until(
      "the Market is open",
      () => /market:- open at/.test(text),
      LIMIT_MS,
      () => text,
    );
  } finally {
    await checked.close();
    page.close();
    bus.close();
  }
});

alone("the bus of credentials from elsewhere is not started open, but where its org is", async ({ world }) => {
  const ann = await annsDesk();
  await ann.must("create-service", "ratings");
  const creds = join(ann.folder, "ratings.creds");
  writeFileSync(creds, await ann.must("service-token", "ratings"), { mode: 0o600 });
  const checked = new Checked(world, { NATS_CREDS: creds, PORT: "0", ADMIN_PORT: "0" });
  try {
    const hint = await checked.hint(/does not answer$/);
    assert.not.match(hint, "nats-server");
    assert.match((await world.dwc(["ps"], { NATS_CREDS: creds })).said, command(hint));
    checked.type(`NATS_CREDS= DWC_STATE='${ann.state}' ${command(hint, "make market")}`);
    await checked.gone(/does not answer$/);
    const isSecured = (all: readonly Found[]): boolean =>
      all.some(({ what }) => what.includes("answers and is secured"));
    await until("it is secured", async () => isSecured(await checked.findings()), LIMIT_MS);
  } finally {
    await checked.close();
    ann.clear();
  }
});

system.run();
alone.run();
