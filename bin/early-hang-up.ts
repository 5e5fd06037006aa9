// Loaded before a program (`node --import`, Makefile). Loading the program takes a second. Until it handles signals
// itself, a hang-up of the terminal would end a program under nohup: Node does not keep an inherited "ignore".

import { ignoresHangUp } from "../src/program/hang-up.ts";

// A child of ours has a channel to its parent, which knows whether the hang-up counts.
if (ignoresHangUp() || process.channel !== undefined) process.on("SIGHUP", () => undefined);
