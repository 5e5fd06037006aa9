// A program that opens its tracing as a Market does, sends one span, and ends. Its argument is the traceparent of the
// request.

import { systemClock } from "../../src/clock.ts";
import { programLog, type ShutdownHooks, settingsOrExit } from "../../src/program/program.ts";
import { openTracing } from "../../src/program/tracing.ts";

const [traceparent = ""] = process.argv.slice(2);
const settings = settingsOrExit(process.env);
const clock = systemClock();
const speaker = { service: "market" };
const say = await programLog(settings, clock, speaker);
const closers: ShutdownHooks = [];
const tracing = await openTracing(speaker, { settings, clock, say }, closers);
tracing?.serve({ name: "GET /", kind: "server" }, traceparent === "" ? undefined : { traceparent }).end();
for (const close of closers.reverse()) await close();
